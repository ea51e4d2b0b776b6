// The API reference: Swagger UI over this shop's own document. It sends nothing but what "Execute" is pressed for, to this
// shop alone, and asks no validator of anybody's.
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", paint);
paint();

window.SwaggerUIBundle({
  url: "/openapi/v1.json",
  domNode: document.getElementById("docs"),
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  tryItOutEnabled: false,
});

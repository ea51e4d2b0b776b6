using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CardShop.Tests.Unit.Partners;

namespace CardShop.Tests.Unit.Deployment;

internal static partial class ManifestRules
{
    /// <summary>A pod: Pod Security "restricted", images, ports, probes, settings.</summary>
    private static partial class Pods
    {
        /// <summary>Addresses that the programs serve.</summary>
        private static readonly string[] Served = ["/healthz/live", "/healthz/ready"];

        public static IEnumerable<string> FaultsOf(JsonNode document, JsonObject template, IReadOnlyList<JsonObject> documents)
        {
            var pod = template.At("spec")!;
            if (pod.Text("securityContext|runAsNonRoot") != "true" || pod.Text("securityContext|seccompProfile|type") != "RuntimeDefault")
            {
                yield return "the pod does not say runAsNonRoot and seccompProfile RuntimeDefault";
            }

            if (pod.Text("automountServiceAccountToken") != "false")
            {
                yield return "the pod gets a token of its service account";
            }

            foreach (var fault in pod.Each("containers").Concat(pod.Each("initContainers"))
                .SelectMany(c => OfContainer(c, documents).Select(f => $"container {c.Text("name")}: {f}")))
            {
                yield return fault;
            }

            var volumes = pod.Each("volumes").Select(v => v.Text("name")).ToHashSet();
            foreach (var mount in pod.Each("containers").SelectMany(c => c.Each("volumeMounts")).Where(m => !volumes.Contains(m.Text("name"))))
            {
                yield return $"volume {mount.Text("name")} is mounted and not there";
            }

            if (document.Kind() == "Deployment" && !pod.Each("topologySpreadConstraints").Any())
            {
                yield return "its pods are not spread";
            }
        }

        private static IEnumerable<string> OfContainer(JsonNode container, IReadOnlyList<JsonObject> documents)
        {
            var text = container.ToJsonString();
            return Bounds(container).Concat(Images(container.Text("image") ?? string.Empty)).Concat(Probes(container))
                .Concat(VariablesOf(container, documents).Keys
                    .Where(n => !KnownSettings.Has(n) && !text.Contains($"$({n})", StringComparison.Ordinal))
                    .Select(n => $"setting {n} is read by no program"));
        }

        private static IEnumerable<string> Bounds(JsonNode container)
        {
            var security = container.At("securityContext");
            if (security.Text("allowPrivilegeEscalation") != "false" || security.Text("readOnlyRootFilesystem") != "true"
                || !security.Each("capabilities|drop").Select(c => c.ToString()).Contains("ALL"))
            {
                yield return "it may escalate, has capabilities, or writes its file system";
            }

            if (container.At("resources|requests|cpu") is null || container.At("resources|requests|memory") is null
                || container.At("resources|limits|memory") is null)
            {
                yield return "requests of CPU and memory, and a limit of memory, are missing";
            }
        }

        private static IEnumerable<string> Images(string image)
        {
            if (!Tagged().IsMatch(image) || image.EndsWith(":latest", StringComparison.Ordinal))
            {
                yield return $"image {image} names no version";
            }

            if (Ours().Match(image) is { Success: true } own && !Targets().Contains(own.Groups[1].Value))
            {
                yield return $"image {image} is no target of compose/Dockerfile";
            }
        }

        private static IEnumerable<string> Probes(JsonNode container)
        {
            var ports = container.Each("ports").ToDictionary(p => p.Text("name") ?? string.Empty, p => p.Text("containerPort"));
            foreach (var unknown in ports.Values.Except(["8080", "9464"]))
            {
                yield return $"port {unknown} is listened on by no program";
            }

            foreach (var probe in new[] { "startupProbe", "livenessProbe", "readinessProbe" }.Where(_ => ports.Count > 0))
            {
                var (path, port) = (container.Text(probe + "|httpGet|path"), container.Text(probe + "|httpGet|port"));
                if (path is null || port is null)
                {
                    yield return $"it has no {probe}";
                }
                else if (!Served.Contains(path) || !ports.ContainsKey(port))
                {
                    yield return $"{probe} asks {path} on {port}, which is not served";
                }
            }

            if (container.Text("livenessProbe|httpGet|path") is not (null or "/healthz/live"))
            {
                yield return "it is restarted where it is only not ready";
            }
        }

        public static IReadOnlySet<string> Targets() => Target().Matches(File.ReadAllText(Repository.Folder("compose", "Dockerfile")))
            .Select(m => m.Groups[1].Value).ToHashSet();

        [GeneratedRegex(@"^FROM base AS (\w+)$", RegexOptions.Multiline)]
        private static partial Regex Target();

        [GeneratedRegex("^[^:]+(:[0-9]+/[^:]+)?:[A-Za-z0-9][A-Za-z0-9._-]*$")]
        private static partial Regex Tagged();

        [GeneratedRegex("cardshop/([a-z]+):")]
        private static partial Regex Ours();
    }
}

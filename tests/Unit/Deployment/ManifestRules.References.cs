using System.Text.Json.Nodes;

namespace CardShop.Tests.Unit.Deployment;

internal static partial class ManifestRules
{
    /// <summary>Whatever is named by name exists, or an operator makes it of something that exists.</summary>
    private static class References
    {
        public static IEnumerable<string> FaultsOf(IReadOnlyList<JsonObject> documents)
        {
            HashSet<string> Names(string kind) => [.. documents.Where(d => d.Kind() == kind).Select(d => d.Name())];
            var secrets = documents.SelectMany(SecretsOf).ToHashSet();
            var (maps, accounts, claims) = (Names("ConfigMap"), Names("ServiceAccount"), Names("PersistentVolumeClaim"));
            foreach (var document in documents.Where(d => d.Kind() is not "ExternalSecret"))
            {
                var where = $"{document.Kind()} {document.Name()}";
                foreach (var node in document.All().OfType<JsonObject>())
                {
                    foreach (var (known, name, what) in new[]
                    {
                        (secrets, node.Text("secretKeyRef|name"), "secret"), (secrets, node.Text("secret|secretName"), "secret"),
                        (secrets, node.Text("certificateAndKey|secretName"), "secret"), (maps, node.Text("configMapRef|name"), "config map"),
                        (claims, node.Text("persistentVolumeClaim|claimName"), "claim"), (secrets, node.Text("urlSecret|name"), "secret"),
                        (accounts, PodOf(document) is null ? null : node.Text("serviceAccountName"), "service account"),
                    })
                    {
                        if (name is not null && !known.Contains(name))
                        {
                            yield return $"{where}: {what} {name} is made by nobody";
                        }
                    }
                }

                foreach (var secret in document.Kind() == "TriggerAuthentication" ? document.Each("spec|secretTargetRef") : [])
                {
                    if (!secrets.Contains(secret.Text("name")!))
                    {
                        yield return $"{where}: secret {secret.Text("name")} is made by nobody";
                    }
                }
            }

            foreach (var fault in Routes(documents).Concat(Selectors(documents)).Concat(Doors(documents)))
            {
                yield return fault;
            }
        }

        /// <summary>The secrets that an object comes to, as its operator names them.</summary>
        private static IEnumerable<string> SecretsOf(JsonObject document)
        {
            var name = document.Name();
            return (document.Kind(), document.Text("apiVersion")) switch
            {
                ("ExternalSecret", _) => [document.Text("spec|target|name") ?? name],
                ("KafkaUser", _) => [name],
                ("Kafka", _) => [name + "-cluster-ca-cert", name + "-clients-ca-cert"],
                ("Cluster", { } version) when version.StartsWith("postgresql.cnpg.io", StringComparison.Ordinal) => [name + "-app", name + "-ca"],
                ("RabbitmqCluster", _) => [name + "-default-user"],
                ("User", _) => [name + "-user-credentials"],
                ("Certificate", _) => [document.Text("spec|secretName")!],
                ("Secret", _) => [name],
                _ => [],
            };
        }

        /// <summary>The services that an object comes to.</summary>
        private static IEnumerable<string> ServicesOf(JsonObject document) => document.Kind() switch
        {
            "Service" or "Pooler" or "RabbitmqCluster" => [document.Name()],
            "Kafka" => [document.Name() + "-kafka-bootstrap"],
            "Cluster" => [document.Name() + "-rw", document.Name() + "-ro", document.Name() + "-r"],
            "OpenTelemetryCollector" => [document.Name() + "-collector"],
            _ => [],
        };

        private static IEnumerable<string> Routes(IReadOnlyList<JsonObject> documents)
        {
            var services = documents.SelectMany(ServicesOf).ToHashSet();
            var gateways = documents.Where(d => d.Kind() == "Gateway").ToDictionary(d => d.Name());
            foreach (var route in documents.Where(d => d.Kind() == "HTTPRoute"))
            {
                foreach (var parent in route.Each("spec|parentRefs"))
                {
                    if (!gateways.TryGetValue(parent.Text("name")!, out var gateway)
                        || gateway.Each("spec|listeners").All(l => l.Text("name") != parent.Text("sectionName")))
                    {
                        yield return $"HTTPRoute {route.Name()}: there is no gateway {parent.Text("name")} with {parent.Text("sectionName")}";
                    }
                }

                foreach (var back in route.Each("spec|rules").SelectMany(r => r.Each("backendRefs"))
                    .Where(b => b.Text("namespace") is null && documents.All(
                    d => d.Kind() != "Service" || d.Name() != b.Text("name") || d.Each("spec|ports").All(p => p.Text("port") != b.Text("port")))))
                {
                    yield return $"HTTPRoute {route.Name()}: there is no service {back.Text("name")} with port {back.Text("port")}";
                }
            }

            // What the programs are told: host names of this namespace.
            foreach (var container in documents.Select(PodOf).OfType<JsonObject>().SelectMany(p => p.Each("spec|containers")))
            {
                foreach (var (name, value) in VariablesOf(container, documents))
                {
                    var host = name switch
                    {
                        "Kafka__BootstrapServers" => value.Split(':')[0],
                        "Postgres__ConnectionString" => value.Split(';')[0].Split('=')[1],
                        "RabbitMq__Uri" => new Uri(value).Host,
                        "OTEL_EXPORTER_OTLP_ENDPOINT" or "CARDSHOP_API" => new Uri(value).Host,
                        _ => null,
                    };
                    // A guest in another installation's Kafka names its namespace.
                    if (host is not null && !services.Contains(host)
                        && !(host == "cardshop-kafka-bootstrap.cardshop.svc" && Settings(documents).ContainsKey("Kafka__TopicPrefix")))
                    {
                        yield return $"setting {name} names {host}, which is no service";
                    }
                }
            }
        }

        /// <summary>A door shows a certificate of its own name, and who knocks at it knocks where somebody lives.</summary>
        private static IEnumerable<string> Doors(IReadOnlyList<JsonObject> documents)
        {
            var names = documents.Where(d => d.Kind() == "Certificate")
                .ToDictionary(d => d.Text("spec|secretName")!, d => d.Each("spec|dnsNames").Select(n => n.ToString()).ToHashSet());
            foreach (var listener in documents.Where(d => d.Kind() == "Gateway").SelectMany(g => g.Each("spec|listeners")))
            {
                foreach (var secret in listener.Each("tls|certificateRefs").Select(c => c.Text("name")!))
                {
                    if (!names.TryGetValue(secret, out var covered)
                        || (listener.Text("hostname") is { } host && !covered.Contains(host)))
                    {
                        yield return $"Gateway: the certificate {secret} is not of {listener.Text("hostname")}";
                    }
                }
            }

            var hosts = documents.Where(d => d.Kind() == "HTTPRoute").SelectMany(r => r.Each("spec|hostnames")).Select(h => h.ToString()).ToHashSet();
            foreach (var asked in documents.Where(d => d.Kind() == "ServiceMonitor").SelectMany(m => m.Each("spec|endpoints"))
                .SelectMany(e => e.Each("params|target")).Select(t => new Uri(t.ToString())).Where(u => !hosts.Contains(u.Host)))
            {
                yield return $"ServiceMonitor: nobody answers for {asked.Host}";
            }
        }

        private static IEnumerable<string> Selectors(IReadOnlyList<JsonObject> documents)
        {
            var pods = documents.Select(d => PodOf(d)).OfType<JsonObject>().Select(p => p.Map("metadata|labels")).ToList();
            bool Matches(IReadOnlyDictionary<string, string> selector) =>
                pods.Exists(p => selector.All(s => p.GetValueOrDefault(s.Key) == s.Value));
            foreach (var document in documents)
            {
                var selector = document.Kind() switch
                {
                    "Service" => document.Map("spec|selector"),
                    "PodDisruptionBudget" or "Deployment" => document.Map("spec|selector|matchLabels"),
                    _ => new Dictionary<string, string>(),
                };
                if (selector.Count > 0 && selector.Keys.All(k => k is "part" || k.StartsWith("app.kubernetes.io/", StringComparison.Ordinal))
                    && !selector.Values.Contains("cardshop-rabbitmq") && !Matches(selector))
                {
                    yield return $"{document.Kind()} {document.Name()}: no pod has {string.Join(", ", selector)}";
                }
            }
        }
    }
}

using System.Text;
using CardShop.Local.Parts;
using CardShop.Local.Processes;

namespace CardShop.Local.Instance;

/// <summary>The one environment that all parts get, and the files that hand it to shells.</summary>
public static class InstanceSettings
{
    /// <summary>Who runs shopctl.</summary>
    public const string OperatorKeyName = "CARDSHOP_OPERATOR_KEY";

    /// <summary>Settings of api, fleets, Sandbox and shopctl.</summary>
    public static IReadOnlyDictionary<string, string> For(InstanceLayout layout, PortBook ports, PostgresPart postgres, RabbitMqPart rabbit)
    {
        return new Dictionary<string, string>(Channels(layout.Secrets, ports["api"], ports["sandbox"]))
        {
            ["Kafka__BootstrapServers"] = $"127.0.0.1:{ports["logbroker"]}",
            ["RabbitMq__Uri"] = rabbit.Uri(),
            ["Postgres__ConnectionString"] = postgres.ConnectionString(postgres.Database),
            ["Secrets__Directory"] = layout.Secrets,
            ["Kafka__InstanceId"] = "local",
            ["Region"] = "a",
            ["Local"] = "true",
            ["Metrics__Directories__postgres"] = layout.Data("postgres"),
            ["Metrics__Directories__rabbitmq"] = layout.Data("rabbitmq"),
            ["Backup__Config"] = postgres.Backup!.ConfigFile,
            ["Backup__RunAs"] = string.Join(' ', postgres.RunAs),
            ["Archive__Directory"] = layout.Archive,
        };
    }

    /// <summary>The payment channels, with Sandbox as the provider of each.</summary>
    /// <param name="secrets">Where the keys of both sides are; Sandbox makes them.</param>
    /// <param name="apiPort">Where providers send their notifications.</param>
    /// <param name="sandboxPort">Where the providers are.</param>
    public static IReadOnlyDictionary<string, string> Channels(string secrets, int apiPort, int sandboxPort)
    {
        const string Alipay = "Channels__alipay__Profiles__0__";
        const string Wechat = "Channels__wechat__Profiles__0__";
        const string Unionpay = "Channels__unionpay__Profiles__0__";
        string Secret(string name) => Path.Combine(secrets, name);
        return new Dictionary<string, string>
        {
            [Alipay + "Name"] = "default",
            [Alipay + "AppId"] = "2021000000000001",
            [Alipay + "SellerId"] = "2088000000000001",
            [Alipay + "Gateway"] = $"http://127.0.0.1:{sandboxPort}/alipay/gateway.do",
            [Alipay + "NotifyUrl"] = $"http://127.0.0.1:{apiPort}/v1/payments/alipay/notify",
            [Alipay + "PrivateKeyFile"] = Secret("alipay-merchant.private.pem"),
            [Alipay + "AlipayPublicKeyFile"] = Secret("alipay-provider.public.pem"),
            [Wechat + "Name"] = "default",
            [Wechat + "AppId"] = "wx0000000000000001",
            [Wechat + "MerchantId"] = "1900000001",
            [Wechat + "SerialNo"] = "5A0D0B0C00000000000000000000000000000001",
            [Wechat + "Gateway"] = $"http://127.0.0.1:{sandboxPort}/wechat",
            [Wechat + "NotifyUrl"] = $"http://127.0.0.1:{apiPort}/v1/payments/wechat/notify",
            [Wechat + "PrivateKeyFile"] = Secret("wechat-merchant.private.pem"),
            [Wechat + "ApiV3KeyFile"] = Secret("wechat-apiv3.key"),
            [Wechat + "PlatformKeys__0__Serial"] = "PUB_KEY_ID_0119000000010000000000000000000001",
            [Wechat + "PlatformKeys__0__KeyFile"] = Secret("wechat-platform.public.pem"),
            [Unionpay + "Name"] = "default",
            [Unionpay + "MerchantId"] = "777290058110048",
            [Unionpay + "Product"] = "qr",
            [Unionpay + "Gateway"] = $"http://127.0.0.1:{sandboxPort}/unionpay",
            [Unionpay + "NotifyUrl"] = $"http://127.0.0.1:{apiPort}/v1/payments/unionpay/notify",
            [Unionpay + "PrivateKeyFile"] = Secret("unionpay-merchant.private.pem"),
            [Unionpay + "CertificateId"] = "68759663125",
            [Unionpay + "RootCertificateFile"] = Secret("unionpay-root.pem"),
            [Unionpay + "MiddleCertificateFile"] = Secret("unionpay-middle.pem"),
            [Unionpay + "CertificateName"] = "00040000:SIGN",
        };
    }

    /// <summary>Writes <c>.local/settings.env</c> and <c>.local/env</c>.</summary>
    public static void Write(
        InstanceLayout layout, PortBook ports, PostgresPart postgres, IReadOnlyDictionary<string, string> settings,
        InstanceSecrets secrets)
    {
        PrivateFile.Write(layout.SettingsFile, Exports(settings));
        PrivateFile.Write(layout.EnvFile, Exports(new Dictionary<string, string>
        {
            ["CARDSHOP_API"] = $"http://127.0.0.1:{ports["api"]}",
            ["CARDSHOP_SANDBOX"] = $"http://127.0.0.1:{ports["sandbox"]}",
            ["CARDSHOP_KAFKA"] = settings["Kafka__BootstrapServers"],
            ["CARDSHOP_POSTGRES"] = settings["Postgres__ConnectionString"],
            ["CARDSHOP_POSTGRES_URL"] =
                $"postgresql://{PostgresPart.User}:{postgres.Password}@127.0.0.1:{postgres.Port}/{postgres.Database}",
            ["CARDSHOP_RABBITMQ"] = settings["RabbitMq__Uri"],
            ["CARDSHOP_METRICS"] = string.Join(' ', PrometheusTargets.Parts.Select(p => $"http://127.0.0.1:{ports[p.Port]}/metrics")),
            [OperatorKeyName] = secrets.Operator,
            ["CARDSHOP_APPROVER_KEY"] = secrets.Approver,
        }));
    }

    /// <summary>Lines that a shell can source.</summary>
    public static string Exports(IReadOnlyDictionary<string, string> values)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in values)
        {
            text.Append("export ").Append(name).Append("='").Append(value.Replace("'", "'\\''", StringComparison.Ordinal)).Append("'\n");
        }

        return text.ToString();
    }
}

using CardShop.Sandbox.Keys;

namespace CardShop.Tests.Bench.Machine;

/// <summary>A merchant account that the API needs to start; no bench pays through it.</summary>
internal static class AlipayAccount
{
    /// <summary>Makes the keys and adds the settings.</summary>
    public static void AddTo(Dictionary<string, string> settings, string secrets)
    {
        SandboxKeys.Ensure(secrets, "alipay-merchant");
        SandboxKeys.Ensure(secrets, "alipay-provider");
        const string Profile = "Channels__alipay__Profiles__0__";
        settings[Profile + "Name"] = "default";
        settings[Profile + "AppId"] = "2021000000000001";
        settings[Profile + "SellerId"] = "2088000000000001";
        settings[Profile + "Gateway"] = "http://127.0.0.1:1/alipay/gateway.do";
        settings[Profile + "NotifyUrl"] = "http://127.0.0.1:1/v1/payments/alipay/notify";
        settings[Profile + "PrivateKeyFile"] = Path.Combine(secrets, "alipay-merchant.private.pem");
        settings[Profile + "AlipayPublicKeyFile"] = Path.Combine(secrets, "alipay-provider.public.pem");
    }
}

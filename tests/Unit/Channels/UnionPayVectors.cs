namespace CardShop.Tests.Unit.Channels;

/// <summary>
/// Signed examples of UnionPay's protocol. The key is that of <see cref="AlipayVectors"/>, for tests only, and plays both
/// sides; its certificate is its own root.
/// </summary>
internal static class UnionPayVectors
{
    public const string MerchantId = "777290058110048";
    public const string Number = "CS20260101000003";
    public const string CertificateName = "cardshop-test-only";

    public const string Certificate = """
        -----BEGIN CERTIFICATE-----
        MIIDVTCCAj2gAwIBAgICEjQwDQYJKoZIhvcNAQELBQAwQjELMAkGA1UEBhMCQ04x
        FjAUBgNVBAoMDUNhcmRTaG9wIFRlc3QxGzAZBgNVBAMMEmNhcmRzaG9wLXRlc3Qt
        b25seTAgFw0yNjExMjEwMDE3MzJaGA8yMTI2MTAyODAwMTczMlowQjELMAkGA1UE
        BhMCQ04xFjAUBgNVBAoMDUNhcmRTaG9wIFRlc3QxGzAZBgNVBAMMEmNhcmRzaG9w
        LXRlc3Qtb25seTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAN0q9uoj
        nnT2oDRIHwfhml4gdgKF5rcX+ou3tq0eEkMn7xRKLp4qBWd7S79o7s4pNn2fcE2y
        +W5e2uVBuAGN/jXdH6fbeGVs3u2j9jJ64pSEVFm/8A85EydbZVt8vITvQuYDKDJ3
        3n8WUxh6BVS7M9JNQRsxJ98cJK2/y6cDg7ouAga0gGC/D13Lft8V+wFkv0FeCEMK
        8qjsF3SYVZOEUiNG3NvBR3uVV0lKaTWZpG4RvJQJ1bKUb9p9u3m8vuVcMvoNLd+a
        Yroa/SfX/p7gGnmMcFFqGBvr0W3YbhD6RH7qOycUUtdCN4x5FKEZP6b916EXKm49
        ooDzaocxEyaqLJECAwEAAaNTMFEwHQYDVR0OBBYEFPqmBxjN8e6yEufahSE1Tl85
        BdVzMB8GA1UdIwQYMBaAFPqmBxjN8e6yEufahSE1Tl85BdVzMA8GA1UdEwEB/wQF
        MAMBAf8wDQYJKoZIhvcNAQELBQADggEBACL5pzgIXPGKMQ/y/9tiy3V9H+qiypDw
        IfHKTpImlSSLepfDEaG7vyzF3AdBGWpK9r/f2WBwoNHnlqgj7o3PWf0/ilkW/IN/
        t4Q5pwT7QVfc93litr75SWknND4eCpde2WVLAg5LDUUK8l09e7erw4LBdaIgewy3
        fpvFp1Xk/S5Tr+LJK8rBUoyq/w7g5HGF+5SPngrS3f8jWobxGniaI1JvsNSdpRvp
        U0Btxr+wmcvKhD1QcVGGYLaaIXi3JHrYexxR2GG/vMznXuYgpot6KhVqTLY1csNB
        pz5MNELoaLMuo33uSeOFoMAfFZZ7/zr/IjeYY6yZnHoTL/xCRY0RfYM=
        -----END CERTIFICATE-----
        """;

    public static readonly IReadOnlyDictionary<string, string> Request = new Dictionary<string, string>
    {
        ["version"] = "5.1.0",
        ["encoding"] = "UTF-8",
        ["signMethod"] = "01",
        ["txnType"] = "01",
        ["txnSubType"] = "01",
        ["bizType"] = "000201",
        ["channelType"] = "07",
        ["accessType"] = "0",
        ["merId"] = "777290058110048",
        ["orderId"] = "CS20260101000003",
        ["txnTime"] = "20260101120000",
        ["txnAmt"] = "8888",
        ["currencyCode"] = "156",
        ["frontUrl"] = "https://shop.example.test/return/unionpay",
        ["backUrl"] = "https://shop.example.test/notify/unionpay",
        ["payTimeout"] = "20260101121500",
        ["certId"] = "4660",
    };

    public const string RequestText =
        "accessType=0&backUrl=https://shop.example.test/notify/unionpay&bizType=000201&certId=4660&channe"
        + "lType=07&currencyCode=156&encoding=UTF-8&frontUrl=https://shop.example.test/return/unionpay&merI"
        + "d=777290058110048&orderId=CS20260101000003&payTimeout=20260101121500&signMethod=01&txnAmt=8888&t"
        + "xnSubType=01&txnTime=20260101120000&txnType=01&version=5.1.0";

    public const string RequestDigest = "6e8d632603127d555ee3be2e1778212adcd0cea54bf6b296bb04e6de5d64cb44";

    public const string RequestSignature =
        "eEAofWqcQVMkT0WxfilgLXwZjoyREZLzpvxCPRGIxlU526tcrRqeUN2s0798MF1TmPv6Vm9yEAAD0mM2H4lkzB2rfIemVpHF"
        + "B0QN308qf+Q9e5uwNxzncEvOLstSxA5hgnBnG3f9MWZ8svXexvG5s0zFgj3Tmd1Bz32ZnFOLS+WFpDhdotbm+VW5718d40ab"
        + "s0iw9d/eeGlujDl8tlrEdZzj/bHtkIP/l8aldNS4ZfwDCJc3nj7+GaFeCaM/H/N3chWvf3UCxZaJx09IqufWhPuZjGM75cTZ"
        + "eIMJc7ykML0hicYLmScuKt6NBaz2XHgDpV+1bLyBJm5QP31fbNio1Q==";

    public const string NotificationDigest = "79fbc0cf505fed7c473c1f4c31a05c076e9e67da50608b3c8118c59c30e8a0e6";

    public const string NotificationBody =
        "version=5.1.0&encoding=UTF-8&signMethod=01&txnType=01&txnSubType=01&bizType=000201&accessType=0&"
        + "merId=777290058110048&orderId=CS20260101000003&txnTime=20260101120000&txnAmt=8888&currencyCode=1"
        + "56&queryId=202601011200000000001&respCode=00&respMsg=%E6%88%90%E5%8A%9F%5B0000000%5D&settleAmt=8"
        + "888&settleCurrencyCode=156&settleDate=0101&traceNo=000001&traceTime=0101120000&signPubKeyCert=--"
        + "---BEGIN+CERTIFICATE-----%0D%0AMIIDVTCCAj2gAwIBAgICEjQwDQYJKoZIhvcNAQELBQAwQjELMAkGA1UEBhMCQ04x%"
        + "0D%0AFjAUBgNVBAoMDUNhcmRTaG9wIFRlc3QxGzAZBgNVBAMMEmNhcmRzaG9wLXRlc3Qt%0D%0Ab25seTAgFw0yNjExMjEwM"
        + "DE3MzJaGA8yMTI2MTAyODAwMTczMlowQjELMAkGA1UE%0D%0ABhMCQ04xFjAUBgNVBAoMDUNhcmRTaG9wIFRlc3QxGzAZBgN"
        + "VBAMMEmNhcmRzaG9w%0D%0ALXRlc3Qtb25seTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAN0q9uoj%0D%0AnnT"
        + "2oDRIHwfhml4gdgKF5rcX%2Bou3tq0eEkMn7xRKLp4qBWd7S79o7s4pNn2fcE2y%0D%0A%2BW5e2uVBuAGN%2FjXdH6fbeGV"
        + "s3u2j9jJ64pSEVFm%2F8A85EydbZVt8vITvQuYDKDJ3%0D%0A3n8WUxh6BVS7M9JNQRsxJ98cJK2%2Fy6cDg7ouAga0gGC%2"
        + "FD13Lft8V%2BwFkv0FeCEMK%0D%0A8qjsF3SYVZOEUiNG3NvBR3uVV0lKaTWZpG4RvJQJ1bKUb9p9u3m8vuVcMvoNLd%2Ba%"
        + "0D%0AYroa%2FSfX%2Fp7gGnmMcFFqGBvr0W3YbhD6RH7qOycUUtdCN4x5FKEZP6b916EXKm49%0D%0AooDzaocxEyaqLJECA"
        + "wEAAaNTMFEwHQYDVR0OBBYEFPqmBxjN8e6yEufahSE1Tl85%0D%0ABdVzMB8GA1UdIwQYMBaAFPqmBxjN8e6yEufahSE1Tl8"
        + "5BdVzMA8GA1UdEwEB%2FwQF%0D%0AMAMBAf8wDQYJKoZIhvcNAQELBQADggEBACL5pzgIXPGKMQ%2Fy%2F9tiy3V9H%2Bqiy"
        + "pDw%0D%0AIfHKTpImlSSLepfDEaG7vyzF3AdBGWpK9r%2Ff2WBwoNHnlqgj7o3PWf0%2FilkW%2FIN%2F%0D%0At4Q5pwT7Q"
        + "Vfc93litr75SWknND4eCpde2WVLAg5LDUUK8l09e7erw4LBdaIgewy3%0D%0AfpvFp1Xk%2FS5Tr%2BLJK8rBUoyq%2Fw7g5"
        + "HGF%2B5SPngrS3f8jWobxGniaI1JvsNSdpRvp%0D%0AU0Btxr%2BwmcvKhD1QcVGGYLaaIXi3JHrYexxR2GG%2FvMznXuYgp"
        + "ot6KhVqTLY1csNB%0D%0Apz5MNELoaLMuo33uSeOFoMAfFZZ7%2Fzr%2FIjeYY6yZnHoTL%2FxCRY0RfYM%3D%0D%0A-----"
        + "END+CERTIFICATE-----&signature=T17%2FDUAxQlDIPtaSDs2kiqzhQ7yxPwALJFP1VXenbAFDpnwQqpaqBn2rfP4kBVh"
        + "EVU1kPUI9MsNGY7We1VT3vIcWji3IQD4UCyy60rN%2Ft2cVWLvDH5JJ%2Bzb2P4hweD0tk273Osm9AfvDlI7zHbY7HcZSrA9"
        + "vuADrGz8ii2eEyud90Q0B0Zbzkd8WbroRlO2MRfH03YKJRISRPf8dEscmaWgdf9L6pmTXwJ9W0SxqOKEmi8%2BmGhZULD%2F"
        + "VgFi6GWanNjPE3y7RrcSU0ylEwrHcBbpsPjCwj7T5PQFXoHEpvR30TgVTqVQA088gXCByKadCW%2Bx%2Bwok6%2Fkvo%2Fxt"
        + "Id%2BwvMQ%3D%3D";
}

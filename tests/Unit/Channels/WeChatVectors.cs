namespace CardShop.Tests.Unit.Channels;

/// <summary>Signed examples of WeChat Pay's protocol. The key is that of <see cref="AlipayVectors"/>, for both sides.</summary>
internal static class WeChatVectors
{
    public const string AppId = "wx0000000000000001";
    public const string MerchantId = "1900000001";
    public const string Number = "CS20260101000002";
    public const string Serial = "1234";

    public const string ApiV3Key = "CardShopApiV3KeyForTestsOnly0032";

    public const string Nonce = "0123456789ABCDEF0123456789ABCDEF";

    public const string RequestTime = "1767240000";

    public const string RequestBody =
        "{\"appid\":\"wx0000000000000001\",\"mchid\":\"1900000001\",\"description\":\"卡密 测试\",\"out_trade"
        + "_no\":\"CS20260101000002\",\"time_expire\":\"2026-01-01T12:15:00+08:00\",\"notify_url\":\"https:"
        + "//shop.example.test/notify/wechat\",\"amount\":{\"total\":8888,\"currency\":\"CNY\"}}";

    public const string RequestMessage =
        "POST\n/v3/pay/transactions/native\n1767240000\n0123456789ABCDEF0123456789ABCDEF\n{\"appid\":\"wx"
        + "0000000000000001\",\"mchid\":\"1900000001\",\"description\":\"卡密 测试\",\"out_trade_no\":\"CS20260"
        + "101000002\",\"time_expire\":\"2026-01-01T12:15:00+08:00\",\"notify_url\":\"https://shop.example."
        + "test/notify/wechat\",\"amount\":{\"total\":8888,\"currency\":\"CNY\"}}\n";

    public const string RequestSignature =
        "YLLltV3TpqerWWkcaA4it+peWuUuByABaLA50O/3aC+q2YesPKHiVJXhHAPmqr6yUZdfJiWAwbxYzHHCsyaHik1PpJZ6SwJP"
        + "RiYbOM5yBaC/AZLMu/20pKFUgn6Pl8gOoVhWekh4NPqQ/YDHu6u+PsrweRGEvMRp9emU4krE0tUXTowOumf0yUFcFAY3G9Hp"
        + "oO9V6esNpxbX/fMTCb7MszjIf6lziSNpQrQZnn022RAS+sZLiEdQZCufch1rStSTyDq1XjXYiNw+GrDChnrxBXokiUuTSoxv"
        + "oj9WebS3sn/Zy7/ARZDOa7AXpyzNoS8xLdXMtc3fXV4NYzr/hTTO8Q==";

    public const string Authorization =
        "WECHATPAY2-SHA256-RSA2048 mchid=\"1900000001\",nonce_str=\"0123456789ABCDEF0123456789ABCDEF\",si"
        + "gnature=\"YLLltV3TpqerWWkcaA4it+peWuUuByABaLA50O/3aC+q2YesPKHiVJXhHAPmqr6yUZdfJiWAwbxYzHHCsyaHik"
        + "1PpJZ6SwJPRiYbOM5yBaC/AZLMu/20pKFUgn6Pl8gOoVhWekh4NPqQ/YDHu6u+PsrweRGEvMRp9emU4krE0tUXTowOumf0yU"
        + "FcFAY3G9HpoO9V6esNpxbX/fMTCb7MszjIf6lziSNpQrQZnn022RAS+sZLiEdQZCufch1rStSTyDq1XjXYiNw+GrDChnrxBX"
        + "okiUuTSoxvoj9WebS3sn/Zy7/ARZDOa7AXpyzNoS8xLdXMtc3fXV4NYzr/hTTO8Q==\",timestamp=\"1767240000\",se"
        + "rial_no=\"1234\"";

    public const string QueryMessage =
        "GET\n/v3/pay/transactions/out-trade-no/CS20260101000002?mchid=1900000001\n1767240000\n0123456789"
        + "ABCDEF0123456789ABCDEF\n\n";

    public const string QuerySignature =
        "wFuqoNQAm1OEMVQiDqny9qNA69pRMOCEAewgeSZfuFsZN7JLiD5aKNFOA/qXYKGA1PcfxWyHbnALMNbQqgRQIjvOzMOd1kpy"
        + "4d2rb+eCQkM03dEA2+9fhk3jUdtgvdd5g+6JuhV9TcF2+1TWaq8FwSmsc5H01i9EIyNWcbR9EQCQ1UoaWpCx/FxWkj6LrP6S"
        + "3zUW0tSzaJU7AnzD252BPa0bfsb4DJOpl8jZAgalD8vCE4XBemLraOumQmIgCsiYMTH8faJJNdjCo+ZqoFL77116rMLWaJQN"
        + "DBFX42gjM2xGubQQB2K4OknJPbOFx+40PoFX9cWtEfrHaOPiucBnsA==";

    public const string NoticeTime = "1767240031";

    public const string NoticeNonce = "ABCDEF0123456789ABCDEF0123456789";

    public const string NoticeSignature =
        "2OFOgSY+f+Y4asDnT1QRO3iSzCkS5EBkL7C9DM05lzcm5WfrZ2zek894Tsuian2l+YGDaFApM43Fkw/WIOZ+8p17vRIj40xi"
        + "3dwDrF47iBgFGMCkhOx8katZDO8gWDQaHtgmO8rKgZBUNowA/adcfTotg7f8oRF5+Ic0/AmIzkHvPNb6fj2D4gWs/WXV+ljl"
        + "4vCC43T7Q6T2YyTG1SYbgNbJopn0pGrP110xqubVCthJNLEzx4hrmR4dtkM0jjrxfr7wuSbNJ5FoEEHrCw70Rvk7CGHF52VO"
        + "DLKR6G36F8rCaMnvmuiN6XH/0Eg2PbWp8P0hMWyepYFsysqfKtYQ0Q==";

    public const string NoticeBody =
        "{\"id\":\"00000000-0000-5000-8000-000000000001\",\"create_time\":\"2026-01-01T12:00:31+08:00\","
        + "\"resource_type\":\"encrypt-resource\",\"event_type\":\"TRANSACTION.SUCCESS\",\"summary\":\"支付成功"
        + "\",\"resource\":{\"original_type\":\"transaction\",\"algorithm\":\"AEAD_AES_256_GCM\",\"cipherte"
        + "xt\":\"BNbTOHtAO/hRkyOFyUaLY6wyQwGdPd0WSk0BxQId27CvPFlRwuOCMnNdEh8cR61Y8C0D/jLy/8HOMQZUOV8siy06K"
        + "QDon1L5qmq+kaWaEuTM2e5ANSME4IDFkb3nIHILCsuqGpCi3xhV++7x+W96je9QGKC5q4qYKutBHcOKo/8+KPZTCNQzcmAq4"
        + "J49g+9t0rJ7GDsqoimR/35g0LJvfqODMXlNL0fRsTwdQ4rWSVrQwbhHgr6Pda0eVq1K3QZvvUMhDVaq63Cl5qm1+zxz8pti0"
        + "FboclfydB6MaRprU2rMfU0oU3FWgr1M6YY8G9cAp7WBMzEIq0oI1nsvB3wH6MngyoMnYGYYkKWu+t4kFINyXfQWppPtwIMF5"
        + "HbEtvhDHMR9b1H5kOz9y1gWF/3tKJVBdc47zDSLpzWKnoBh4Robjw8Mq+0U8NLKuUMWW4EoHphePN1VstQ1rTqnRwPSAiumG"
        + "1ihIV5Iq6+BFH5DVb2oGDtVG8ghapupS8AH/a5af3VnYkdVHZXsPI27FM/OAGcVttrmbFib1oorLPsrjY74UQypzEilnA/V6"
        + "rlTJkvlpjOE6As=\",\"associated_data\":\"transaction\",\"nonce\":\"0123456789ab\"}}";

    public const string NoticePlain =
        "{\"appid\":\"wx0000000000000001\",\"mchid\":\"1900000001\",\"out_trade_no\":\"CS20260101000002\""
        + ",\"transaction_id\":\"4200000000202601010000000001\",\"trade_type\":\"NATIVE\",\"trade_state\":"
        + "\"SUCCESS\",\"trade_state_desc\":\"支付成功\",\"bank_type\":\"OTHERS\",\"attach\":\"\",\"success_tim"
        + "e\":\"2026-01-01T12:00:30+08:00\",\"payer\":{\"openid\":\"oTest0000000000000000000001\"},\"amoun"
        + "t\":{\"total\":8888,\"payer_total\":8888,\"currency\":\"CNY\",\"payer_currency\":\"CNY\"}}";

    public const string AnswerTime = "1767240031";

    public const string AnswerNonce = "ABCDEF0123456789ABCDEF0123456789";

    public const string AnswerBody = "{\"code_url\":\"weixin://wxpay/bizpayurl?pr=00000000\"}";

    public const string AnswerSignature =
        "Bouk/kM2WibmysEWLHl812IqD5v5SoNyO+NSwByHEtyUG/3RPGWty1LEzD2Os761QnuLYrcjZzKrGnnYgeGQWIdLnKf4vrBm"
        + "xSL3csF8qOfKTogVFVNGCsk9CjNu6sfFpr1wHD879c1LmBPmpuw87KjAQ+KxLcfuL67jxcQHdtW74Myljm2h74+j51g9RKFK"
        + "3Azvq4xWc3Z+J96zc8kS49giA+VtTrwlOFIzXTiJoiDNGZrw3YNeuENvE8RPPRtTczaMPemu93VEsqXLv9Zh8KQQkqaS0oJx"
        + "EFrV9KH7pAV58NyHtZ27cuwnIVoW+kNiGBo+XzFPkNFWi5KXjRG8TQ==";

    /// <summary>Of the same key; its serial is 4660, in hex 1234.</summary>
    public const string Certificate = UnionPayVectors.Certificate;
}

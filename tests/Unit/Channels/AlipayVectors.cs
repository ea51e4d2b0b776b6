namespace CardShop.Tests.Unit.Channels;

/// <summary>Signed examples of Alipay's protocol. The key is for tests only and plays both sides.</summary>
internal static class AlipayVectors
{
    public const string AppId = "2021000000000001";
    public const string SellerId = "2088000000000001";
    public const string Number = "CS20260101000001";

    public const string PrivateKey = """
        -----BEGIN PRIVATE KEY-----
        MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDdKvbqI5509qA0
        SB8H4ZpeIHYChea3F/qLt7atHhJDJ+8USi6eKgVne0u/aO7OKTZ9n3BNsvluXtrl
        QbgBjf413R+n23hlbN7to/YyeuKUhFRZv/APORMnW2VbfLyE70LmAygyd95/FlMY
        egVUuzPSTUEbMSffHCStv8unA4O6LgIGtIBgvw9dy37fFfsBZL9BXghDCvKo7Bd0
        mFWThFIjRtzbwUd7lVdJSmk1maRuEbyUCdWylG/afbt5vL7lXDL6DS3fmmK6Gv0n
        1/6e4Bp5jHBRahgb69Ft2G4Q+kR+6jsnFFLXQjeMeRShGT+m/dehFypuPaKA82qH
        MRMmqiyRAgMBAAECggEANNKQo247Z7sJm0MIakT3Lfj5xnN9nYg0Fk+b6S/v86sj
        fkiTZsIphUQc3MvukT2lno5Ib75JtZMhG7U9Ad4Mc4frChewYyUD/2T0Ja1U1Vzf
        month209xl4dUKLzkZplc3MYlCkt8lN+KC/oewq0/0rlPF3apH5fwkG3HZ4IxZvK
        qnzrSDdHcSAAjuuGqpYutVp17f6hWgNFmwRu382pS6suMSp42FxPcCMwFvG/kxRE
        AV0p5taKeupbct4m/2vHLH6pN2YA/EsqB2JusY0nmhzgz1dQ8HRcXzT1d5Hqyi3V
        oUXnEoM7iX3yySeUEdJ2kglq+B68uOa/2k9Nng/g+QKBgQD4dIuVlrrlsoVuOrFi
        YRcTKbkZxczz6unjRPyiNhoLpGKrAWA3nTaZ+MBMPCSARCKC/xwvN+IUMT0k7GG8
        4zoror8IQ0Wq3g2+ESCaKE1LFQwQkM2UJ/vElXUFVdJHZbkhq+m4NzyJIgA+Sh/e
        7b0o94D2VZ06UkEvmkMVcVTzxQKBgQDj4kpy9/cZvZnCg7rvGCgqNwsjjfCazzyf
        bCFKtDpgpGs3rZJEN1szr7NEchJfLzYuPtcCpilgv5JXg/dIvDnp9m2HdGustWj8
        WbltaOUTCItqQcyWRkPTDZHv1TZCyVGup8ANZBmRhU+okWfFmJc8X0kBvOUeKAxc
        D2l9jysGXQKBgQCPXekB26VjUB1Qmwuqoi3HgAbwiUQX6BEodLF3BNMIrsXEuZmE
        3fIY7QJBu16wqSBlCMKBuLR7RGJtAP3xGgmCDno/UVpNG69AYu+2JNVdIvsAQB5w
        hJXyPO/2sSwSyO8IMARAqZcD5pvPVcSIRhUmI5PGEWcVtUsqJdDZ+bi0pQKBgCMV
        sfSlbKvP3x5tfZhWFcj6FILy1XpgMasx0KZZvSsn5UH7PSu3ghkhEe6VyXJSKHtS
        PXQw9OnqVLOYo7fVEu2MfSx/phw/CdzgS4Ymwi3+AMjpPIBebQ7PZgqQvvvlVugW
        96CYKr+W0L7ZNCrd5VrsKKdV18iezdhWnx0vr6YZAoGAOtolAzfWBPL8DQXEYkQv
        qmF6puMZaUqEt0Ng0tcVyHsZdz568jetC/DaQh6ZZ5gjmsJOZUW07i1yshRr+ip3
        H+f0fahKGPzbDUvDvz8bisydpdgac8rRI823cA/ZYmtoNkp8ouPiZflLAljIbLUH
        pWPn1nrYW9XIdY3ywx3EBR8=
        -----END PRIVATE KEY-----
        """;

    public const string PublicKey = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA3Sr26iOedPagNEgfB+Ga
        XiB2AoXmtxf6i7e2rR4SQyfvFEounioFZ3tLv2juzik2fZ9wTbL5bl7a5UG4AY3+
        Nd0fp9t4ZWze7aP2MnrilIRUWb/wDzkTJ1tlW3y8hO9C5gMoMnfefxZTGHoFVLsz
        0k1BGzEn3xwkrb/LpwODui4CBrSAYL8PXct+3xX7AWS/QV4IQwryqOwXdJhVk4RS
        I0bc28FHe5VXSUppNZmkbhG8lAnVspRv2n27eby+5Vwy+g0t35piuhr9J9f+nuAa
        eYxwUWoYG+vRbdhuEPpEfuo7JxRS10I3jHkUoRk/pv3XoRcqbj2igPNqhzETJqos
        kQIDAQAB
        -----END PUBLIC KEY-----
        """;

    public static readonly IReadOnlyDictionary<string, string> Request = new Dictionary<string, string>
    {
        ["app_id"] = "2021000000000001",
        ["method"] = "alipay.trade.precreate",
        ["format"] = "JSON",
        ["charset"] = "utf-8",
        ["sign_type"] = "RSA2",
        ["timestamp"] = "2026-01-01 12:00:00",
        ["version"] = "1.0",
        ["notify_url"] = "https://shop.example.test/notify/alipay",
        ["biz_content"] =
            "{\"out_trade_no\":\"CS20260101000001\",\"total_amount\":\"88.88\",\"subject\":\"卡密 测试+A&B=1 x 2\",\"tim"
            + "eout_express\":\"15m\"}",
    };

    public const string RequestText =
        "app_id=2021000000000001&biz_content={\"out_trade_no\":\"CS20260101000001\",\"total_amount\":\"88.88\",\"s"
        + "ubject\":\"卡密 测试+A&B=1 x 2\",\"timeout_express\":\"15m\"}&charset=utf-8&format=JSON&method=alipay.trade"
        + ".precreate&notify_url=https://shop.example.test/notify/alipay&sign_type=RSA2&timestamp=2026-01-0"
        + "1 12:00:00&version=1.0";

    public const string RequestSign =
        "UcIzakBiOllFBM7tBpnYY5mujm/R1Pc34djKDxf1qG1Zp8JbHx6IErqqjbOXkKeRZpkDWTJeaFsqEph2UcKnrpRvp/nYpUOb"
        + "j7ehMWQp9HdT7IEqKpEVlbo7MZjU2OzzX4IsHOGd/+2liQr/H5rrM4wurNCXNPuUBjSkeyUKHKffUmfGw0kpHNgNz+mHWUBa"
        + "A72IW96gKRvFmKvDuB7S2RiW0tPLBbu/bHYyx694HYtEgZWx/c8ShKQySGTJAH4oZJJJK2gwSG6gliVf/nF8njddLFtXNBQl"
        + "py0/nXj+Xm96pokN1EeeGMHlO3BZcyKnZVFU9Fev8zsNK0mubQl16g==";

    public const string NotificationText =
        "app_id=2021000000000001&auth_app_id=2021000000000001&buyer_id=2088000000000002&buyer_pay_amount="
        + "88.88&charset=utf-8&fund_bill_list=[{\"amount\":\"88.88\",\"fundChannel\":\"ALIPAYACCOUNT\"}]&gmt_create"
        + "=2026-01-01 12:00:05&gmt_payment=2026-01-01 12:00:20&invoice_amount=88.88&notify_id=202601010022"
        + "2120021000000000000001&notify_time=2026-01-01 12:00:21&notify_type=trade_status_sync&out_trade_n"
        + "o=CS20260101000001&point_amount=0.00&receipt_amount=88.88&seller_id=2088000000000001&subject=卡密 "
        + "测试+A&B=1 x 2&total_amount=88.88&trade_no=2026010122001400000000000001&trade_status=TRADE_SUCCESS"
        + "&version=1.0";

    public const string NotificationBody =
        "app_id=2021000000000001&auth_app_id=2021000000000001&buyer_id=2088000000000002&buyer_pay_amount="
        + "88.88&charset=utf-8&fund_bill_list=%5B%7B%22amount%22%3A%2288.88%22%2C%22fundChannel%22%3A%22ALI"
        + "PAYACCOUNT%22%7D%5D&gmt_create=2026-01-01+12%3A00%3A05&gmt_payment=2026-01-01+12%3A00%3A20&invoi"
        + "ce_amount=88.88&notify_id=2026010100222120021000000000000001&notify_time=2026-01-01+12%3A00%3A21"
        + "&notify_type=trade_status_sync&out_trade_no=CS20260101000001&point_amount=0.00&receipt_amount=88"
        + ".88&seller_id=2088000000000001&subject=%E5%8D%A1%E5%AF%86+%E6%B5%8B%E8%AF%95%2BA%26B%3D1+x+2&tot"
        + "al_amount=88.88&trade_no=2026010122001400000000000001&trade_status=TRADE_SUCCESS&version=1.0&sig"
        + "n=G6om6C0lMO4zt7W0m6VeTE4q6TLgTKoYuwXlw5nSoUc8uGkzTDWY9l07VWQFdMQPhiwJ19%2B%2Fxpqg9qR3IfGsdqgddc"
        + "rihwW9EvzYcCbgNGWluT8%2B8bM%2FnOemltXtWI5FbXgIpdICCvwDPcI9gLZRgHJLYlO1bBZU2xVK2D1dz%2FtPyliZX6aJ"
        + "ib4HePiZkPITqBUJTMmLIQQdvTiCgifnUkczQKgbnWESOIjQPetjIYj3YVAfcR2159cRsLIG5DlSr5jsYEN2ct%2F8C6AvFM"
        + "kD0XGC7KYlGDuAwdT52%2B3DO0XzZCN3h1ctLPHCkPPTxgGaIzctO5EIB%2FM2k6rIAmEFXw%3D%3D&sign_type=RSA2";

    public const string AnswerBody =
        "{\"alipay_trade_precreate_response\":{\"code\":\"10000\",\"msg\":\"Success\",\"out_trade_no\":\"CS20260101000"
        + "001\",\"qr_code\":\"https:\\/\\/qr.alipay.com\\/bax00000000000000001\"},\"sign\":\"TxIOVGCLmjyVWwyOFhaATk0j"
        + "Dp5kzvU3UiVB1IQOd1Q1BuU9HlKx018WIFlhSSQqkEQYVMx82y969re16Ov2kpGyc+AOLpOoixprfMD+gPaV2T2uZWFYQwta"
        + "gjaMeelDv6KCihmmGeF8MCk7CpJzhIB4yr+3CeFsyd4pkoWmWroYffuSTHR7XU/G+HZnpPkzomqsWGpL7T9Ok+aG8zdJm/1w"
        + "mntujuU7aodk+x+UNNLuCCkeS2y1HCl168eIQNqoglsHB+rSmBuXVLCwix8QaxpWG+ga4xXTd79z3AOT+12hbOO4FpQr9rOU"
        + "kc+/mx62trqKR9VuEb42sjnVLStfKw==\"}";
}

namespace CardShop.Shopctl.Backup;

/// <summary>When backups are made, and whether they were. Pure.</summary>
public static class BackupSchedule
{
    private static readonly TimeSpan FullWithin = TimeSpan.FromDays(8);
    private static readonly TimeSpan AnyWithin = TimeSpan.FromHours(26);

    /// <returns>What is missing; null where the schedule is kept.</returns>
    public static string? Behind(IReadOnlyList<BackupEntry> backups, DateTimeOffset now)
    {
        var good = backups.Where(b => !b.Damaged).ToList();
        return !good.Any(b => b.Kind == "full" && b.StoppedAt > now - FullWithin)
            ? "BEHIND: no full backup within 8 days. Run: shopctl backup --full"
            : !good.Any(b => b.StoppedAt > now - AnyWithin)
                ? "BEHIND: no backup within 26 hours. Run: shopctl backup --incr"
                : null;
    }

    /// <summary>Lines for a scheduler. <c>SHOPCTL</c> stands for how shopctl is called with its settings.</summary>
    /// <param name="format"><c>cron</c>, <c>systemd</c> or <c>k8s</c>.</param>
    public static string Text(string format) => format switch
    {
        "cron" =>
            """
            # crontab of whoever may run shopctl on the host of PostgreSQL. SHOPCTL: compose/shopctl, with its whole path.
            # KEYFILE: the key of an operator for this alone (shopctl operators add backup operator KEYFILE).
            SHOPCTL=shopctl
            KEYFILE=/etc/cardshop/backup.key
            17 2 * * 0    $SHOPCTL backup --full --operator-key-file $KEYFILE
            17 2 * * 1-6  $SHOPCTL backup --incr --operator-key-file $KEYFILE
            17 4 * * 0    $SHOPCTL backup verify
            37 * * * *    $SHOPCTL backup list --check >/dev/null
            """,
        "systemd" =>
            """
            # /etc/systemd/system/cardshop-backup@.service
            [Service]
            Type=oneshot
            EnvironmentFile=/etc/cardshop/settings.env
            ExecStart=/usr/local/bin/shopctl backup --%i --operator-key-file /etc/cardshop/backup.key

            # /etc/systemd/system/cardshop-backup-full.timer
            [Timer]
            OnCalendar=Sun 02:17
            Persistent=true
            Unit=cardshop-backup@full.service
            [Install]
            WantedBy=timers.target

            # /etc/systemd/system/cardshop-backup-incr.timer
            [Timer]
            OnCalendar=Mon..Sat 02:17
            Persistent=true
            Unit=cardshop-backup@incr.service
            [Install]
            WantedBy=timers.target
            """,
        "k8s" =>
            """
            # Runs where PostgreSQL's volume and pgBackRest's configuration are mounted. A second one: schedule "17 2 * * 1-6", --incr.
            apiVersion: batch/v1
            kind: CronJob
            metadata: { name: backup-full }
            spec:
              schedule: "17 2 * * 0"
              concurrencyPolicy: Forbid
              jobTemplate:
                spec:
                  backoffLimit: 1
                  template:
                    spec:
                      restartPolicy: Never
                      containers:
                        - name: shopctl
                          image: cardshop-shopctl
                          args: [backup, --full, --operator-key-file, /etc/cardshop/backup.key]
                          envFrom: [{ configMapRef: { name: cardshop } }, { secretRef: { name: cardshop } }]
            """,
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "no such format"),
    };
}

/// <summary>The words of <c>pgbackrest verify --output=text</c>. Pure.</summary>
public static class VerifyReport
{
    /// <summary>Good is what says so, and only that.</summary>
    public static bool IsGood(string said)
    {
        var status = said.Split('\n').Select(l => l.Trim()).Where(l => l.StartsWith("status:", StringComparison.Ordinal)).ToList();
        return status.Count > 0 && status.All(s => s == "status: ok") && !said.Contains("status: invalid", StringComparison.Ordinal)
            && !said.Contains("status: in-progress", StringComparison.Ordinal);
    }
}

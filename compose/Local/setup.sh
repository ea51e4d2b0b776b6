# shellcheck shell=bash
# Set-up of one machine: Debian packages, NuGet packages, the build. Sourced by the scripts beside it; does nothing by itself.
#
#   setup_begin                 must be called first: finds the root, opens the log, takes the lock
#   setup_packages local|tests  Debian packages, only those that are missing
#   setup_drills                the same for what the drills of tests/chaos need besides
#   setup_build product|all     restore and build, each only when its inputs changed; the product alone is half of it
#   setup_end                   releases the lock

# shellcheck source=compose/Local/librdkafka.sh
. "$(dirname "${BASH_SOURCE[0]}")/librdkafka.sh"

setup_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
setup_state="$setup_root/.local"
setup_log="$setup_state/logs/setup.log"
setup_started=$SECONDS
setup_ticker=""

setup_begin() {
    umask 022
    mkdir -p "$setup_state/logs" "$setup_state/setup"
    if [ -f "$setup_log" ] && [ "$(stat -c %s "$setup_log")" -gt 5000000 ]; then
        mv "$setup_log" "$setup_log.1"
    fi
    printf '\n=== %s %s\n' "$(date -u +%FT%TZ)" "$0" >>"$setup_log"
    # Two set-ups at once would build into the same folders. The descriptor is closed for children, or they would keep the lock.
    exec {setup_lock}>"$setup_state/setup/lock"
    if ! flock -n "$setup_lock"; then
        echo "Another set-up runs in this folder; waiting for it."
        flock -w 1200 "$setup_lock" || setup_fail "The other set-up did not end within 20 minutes." \
            "Look for it (fuser .local/setup/lock) and start again."
    fi
    trap setup_clean EXIT
}

setup_end() {
    trap - EXIT
    setup_clean
    exec {setup_lock}>&-
}

# Undoes what may only exist while packages are being installed, whatever way the script ends.
setup_clean() {
    setup_tick_stop
    if [ -n "${setup_policy:-}" ]; then
        setup_root_do rm -f "$setup_policy" "${setup_no_cluster:-/nonexistent}" || true
        setup_policy=""
    fi
}

# $1: what is wrong; the rest: what to do about it, one line each.
setup_fail() {
    printf '\nerror: %s\n' "$1" >&2
    shift
    local line
    for line in "$@"; do printf '       %s\n' "$line" >&2; done
    exit 1
}

setup_note() { printf '%6s  %s\n' "$((SECONDS - setup_started))s" "$1"; }

setup_tick_stop() {
    if [ -n "$setup_ticker" ]; then
        kill "$setup_ticker" 2>/dev/null || true
        wait "$setup_ticker" 2>/dev/null || true
        setup_ticker=""
    fi
}

# Runs one step with its output in the log. Returns the step's exit code.
setup_try() {
    local title="$1" from=$SECONDS code
    shift
    printf '%6s  %s' "$((SECONDS - setup_started))s" "$title"
    if [ -t 1 ]; then
        ( while sleep 1; do printf '\r%6s  %s (%ss)' "$((SECONDS - setup_started))s" "$title" "$((SECONDS - from))"; done ) \
            {setup_lock}>&- &
        setup_ticker=$!
    fi
    printf -- '--- %s: %s\n' "$title" "$*" >>"$setup_log"
    setup_step_begins=$(($(stat -c %s "$setup_log") + 1))
    set +e
    ( set -e; "$@" ) >>"$setup_log" 2>&1 </dev/null {setup_lock}>&-
    code=$?
    set -e
    setup_tick_stop
    if [ "$code" = 0 ]; then
        [ -t 1 ] && printf '\r%6s  %s' "$((SECONDS - setup_started))s" "$title"
        printf ' - done in %ss\n' "$((SECONDS - from))"
    else
        printf ' - %s after %ss\n' "${setup_otherwise:-failed}" "$((SECONDS - from))"
    fi
    return "$code"
}

# The step's own output, or $1 last lines of it.
setup_step_output() { tail -c "+$setup_step_begins" "$setup_log" | tail -n "${1:-100000}"; }

setup_step() {
    if ! setup_try "$@"; then
        if setup_step_output | grep -qE 'NU1301|Temporary failure|Could not resolve|Unable to load the service index|Failed to fetch'; then
            setup_step_output | grep -E 'NU1301|Temporary failure|Could not resolve|Failed to fetch' | head -n 2 | sed 's/^/        | /' >&2
            setup_fail "\"$1\" needs the network, and it cannot be reached." \
                "Connect this machine (or set its proxy: http_proxy, https_proxy) and start again." "The whole output: $setup_log"
        fi
        setup_step_output 25 | sed 's/^/        | /' >&2
        setup_fail "\"$1\" failed." "The whole output: $setup_log"
    fi
}

setup_root_do() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# ---------------------------------------------------------------------------------------------------- Debian packages

setup_has() {
    case "$1" in
        postgresql) compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ;;
        rabbitmq-server) [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] ;;
        python3-kafka) [ -d /usr/lib/python3/dist-packages/kafka ] ;;
        python3-aiosmtpd) [ -d /usr/lib/python3/dist-packages/aiosmtpd ] ;;
        fonts-wqy-zenhei) compgen -G "/usr/share/fonts/truetype/wqy/*" >/dev/null ;;
        libssl-dev) [ -f /usr/include/openssl/ssl.h ] ;;
        zlib1g-dev) [ -f /usr/include/zlib.h ] ;;
        libzstd-dev) [ -f /usr/include/zstd.h ] ;;
        liblz4-dev) [ -f /usr/include/lz4.h ] ;;
        debian-archive-keyring) [ -f /usr/share/keyrings/debian-archive-keyring.gpg ] ;;
        libc6-dev) [ -f /usr/include/stdio.h ] ;;
        g++) command -v g++ >/dev/null ;;
        util-linux) command -v setpriv >/dev/null && command -v unshare >/dev/null ;;
        etcd-server) command -v etcd >/dev/null ;;
        iproute2) [ -x /usr/sbin/ip ] || command -v ip >/dev/null ;;
        haproxy | keepalived) [ -x "/usr/sbin/$1" ] ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

# Installs those of the named packages that are missing.
setup_install() {
    local package missing=()
    for package in "$@"; do setup_has "$package" || missing+=("$package"); done
    [ "${#missing[@]}" -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        setup_fail "This machine lacks ${missing[*]}, and has no apt-get to install them." \
            "The local mode installs what it needs on Debian 12 and 13." \
            "Elsewhere install them by hand: a PostgreSQL (15 or later) below /usr/lib/postgresql and RabbitMQ below /usr/lib/rabbitmq."
    fi
    if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
        if ! command -v sudo >/dev/null || [ ! -t 0 ] || ! sudo -v; then
            setup_fail "Debian packages are missing, and only root may install them: ${missing[*]}" \
                "Have an administrator run: apt-get install --no-install-recommends ${missing[*]}" "or start this script as root."
        fi
    fi
    local policy=/usr/sbin/policy-rc.d no_cluster=/etc/postgresql-common/createcluster.d/cardshop.conf
    # Debian starts what it installs. Nothing of ours is a system service, so starting is forbidden while we install;
    # a machine that has a policy already keeps it.
    setup_policy="$setup_state/setup/none"
    if [ ! -e "$policy" ] || grep -q 'CardShop set-up' "$policy"; then
        setup_policy="$policy"
        printf '#!/bin/sh\n# CardShop set-up: no service starts while packages are installed.\nexit 101\n' |
            setup_root_do tee "$policy" >/dev/null
        setup_root_do chmod 755 "$policy"
    fi
    if [[ " ${missing[*]} " == *" postgresql "* ]]; then
        setup_no_cluster="$no_cluster"
        setup_root_do mkdir -p "$(dirname "$no_cluster")"
        echo 'create_main_cluster = false' | setup_root_do tee "$no_cluster" >/dev/null
    fi
    local enabled
    enabled="$(setup_enabled)"
    # The lists may be years old, or absent as in a fresh image: without them nothing can be found.
    if ! setup_lists_fresh; then setup_step "package lists of Debian" setup_apt update; fi
    if ! setup_try "Debian packages ${missing[*]}" setup_apt install -y --no-install-recommends "${missing[@]}"; then
        setup_step "package lists of Debian, again" setup_apt update
        setup_step "Debian packages ${missing[*]}" setup_apt install -y --no-install-recommends "${missing[@]}"
    fi
    setup_clean
    setup_disable_new "$enabled" >>"$setup_log" 2>&1 </dev/null
    for package in "${missing[@]}"; do
        setup_has "$package" || setup_fail "The package $package is installed, and still what it brings is not found." \
            "The whole output: $setup_log"
    done
}

setup_lists_fresh() {
    find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -mtime -2 2>/dev/null | grep -q .
}

setup_apt() {
    setup_root_do env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
        -o Acquire::http::Timeout=30 "$@"
}

# What starts at boot: systemd's links and those of the older init.
setup_enabled() {
    find /etc/systemd/system -path '*.wants/*' -type l 2>/dev/null | sort
    find /etc/rc[2-5].d -name 'S*' 2>/dev/null | sort
}

# $1: what was enabled before the installation. What was enabled by it would start at the next boot; nothing of ours should.
setup_disable_new() {
    local link name
    comm -13 <(sort <<<"$1") <(setup_enabled | sort) | while IFS= read -r link; do
        echo "not enabled: $link"
        case "$link" in
            /etc/rc*) name="${link##*/S??}"; setup_root_do update-rc.d "$name" disable || true ;;
            *) setup_root_do rm -f "$link" ;;
        esac
    done
}

# $1: local (what a shop needs) or tests (that, and what the tests use).
setup_packages() {
    setup_install util-linux postgresql pgbackrest rabbitmq-server
    if [ "$1" = tests ]; then
        setup_install kcat python3-kafka python3-aiosmtpd wrk prometheus chromium fonts-wqy-zenhei
        setup_axe
    fi
}

# What stands around a shop on several machines: for the drills of tests/chaos alone. None of it is started as a service.
setup_drills() {
    setup_install haproxy keepalived etcd-server patroni iproute2 curl
}

# axe-core, which looks at the pages as people with assistive technology do; for tests alone, kept under .local/.
setup_axe() {
    local version=4.14.1 folder="$setup_state/npm"
    [ ! -f "$folder/axe-core-$version.js" ] || return 0
    command -v npm >/dev/null || setup_install npm
    mkdir -p "$folder"
    setup_step "Fetching axe-core $version" setup_fetch_axe "$folder" "$version"
}

setup_fetch_axe() {
    (cd "$1" && npm pack "axe-core@$2" --silent && tar -xzf "axe-core-$2.tgz" package/axe.min.js \
        && mv package/axe.min.js "axe-core-$2.js" && rm -r package "axe-core-$2.tgz")
}

# ---------------------------------------------------------------------------------------------------- .NET

setup_dotnet() {
    if ! command -v dotnet >/dev/null; then
        if [ -x "${DOTNET_ROOT:-$HOME/.dotnet}/dotnet" ]; then
            export PATH="${DOTNET_ROOT:-$HOME/.dotnet}:$PATH"
        else
            setup_fail "There is no dotnet on PATH." \
                "Install the .NET SDK 10.0 (https://dotnet.microsoft.com/download/dotnet/10.0) and start again."
        fi
    fi
    # global.json decides which SDK is new enough; without one dotnet refuses to tell its version.
    if ! setup_sdk="$(cd "$setup_root" && dotnet --version 2>/dev/null)"; then
        setup_fail "The .NET SDK is too old, or only the runtime is installed. Needed: 10.0.100 or a later 10.0." \
            "Installed: $(dotnet --list-sdks 2>/dev/null | sed 's/ .*//' | paste -sd ' ')" \
            "Install the .NET SDK 10.0 (https://dotnet.microsoft.com/download/dotnet/10.0) and start again."
    fi
    export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
    # Build processes that stay behind for the next build would outlive this script.
    export MSBUILDDISABLENODEREUSE=1
}

# $1: product (all but the tests) or all.
setup_projects() {
    sed -nE 's/^Project\(.*, "([^"]+\.csproj)".*/\1/p' "$setup_root/CardShop.sln" | tr '\\' '/' \
        | if [ "$1" = product ]; then grep -v '^tests/'; else cat; fi
}

# What dotnet restores and builds: the solution, or the product's part of it.
setup_solution() {
    if [ "$1" = all ]; then
        echo "$setup_root/CardShop.sln"
        return
    fi
    local filter="$setup_state/setup/product.slnf"
    printf '{"solution":{"path":"../../CardShop.sln","projects":[%s]}}\n' \
        "$(setup_projects product | sed 's/.*/"&"/' | paste -sd ,)" >"$filter"
    echo "$filter"
}

# Everything that decides which packages are restored.
setup_restore_inputs() {
    {
        echo "$setup_sdk"
        cd "$setup_root" && find . -path ./.git -prune -o -path ./.local -prune -o -path ./artifacts -prune -o -type f \
            \( -name '*.csproj' -o -name '*.sln' -o -name 'Directory.*.props' -o -name 'Directory.*.targets' -o -name global.json \
            -o -iname nuget.config \) -print0 | sort -z | xargs -0 sha256sum
        find "$setup_state/feed" -name '*.nupkg' -printf '%f\n' 2>/dev/null || true
    } | sha256sum
}

# Succeeds when these projects have been restored and built, and nothing has changed since.
setup_is_built() { setup_is_built_as all "$1" || { [ "$1" = product ] && setup_is_built_as product product; }; }

# $1: what was built then, $2: what is to be up to date.
setup_is_built_as() {
    local stamp="$setup_state/setup/built-$1" project name others=()
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$setup_sdk" ] || return 1
    if [ "$2" = product ]; then others=(-o -path ./tests); fi
    for project in $(setup_projects "$2"); do
        name="$(basename "$project" .csproj)"
        [ -f "$setup_root/artifacts/bin/$name/release/$name.dll" ] || return 1
    done
    # The time of change, which a copied or checked-out file cannot carry along; folders too, for files that are gone.
    [ -z "$(cd "$setup_root" && find . -mindepth 1 \( -path ./.git -o -path ./.local -o -path ./artifacts \
        -o -name __pycache__ -o -name node_modules "${others[@]}" \) -prune -o ! -name '*.md' -cnewer "$stamp" -print -quit)" ]
}

setup_is_restored() {
    local project name
    [ "$(cat "$setup_state/setup/restored-$1" 2>/dev/null)" = "$(setup_restore_inputs)" ] || return 1
    for project in $(setup_projects "$1"); do
        name="$(basename "$project" .csproj)"
        [ -f "$setup_root/artifacts/obj/$name/project.assets.json" ] || return 1
    done
}

setup_restore() {
    setup_librdkafka
    setup_step "NuGet packages" dotnet restore "$(setup_solution "$1")" --nologo
    setup_restore_inputs >"$setup_state/setup/restored-$1"
}

setup_compile() { dotnet build "$(setup_solution "$1")" -c Release --no-restore --nologo -clp:NoSummary; }

# $1: product or all. Builds it, unless nothing changed since the last time.
setup_build() {
    setup_dotnet
    if setup_is_built "$1"; then
        setup_note "the build is up to date"
        return
    fi
    local from="$setup_state/setup/building"
    echo "$setup_sdk" >"$from"
    if ! setup_is_restored "$1"; then setup_restore "$1"; fi
    if ! setup_try "building" setup_compile "$1"; then
        # Restored once, but the packages themselves are gone from the user's cache.
        if setup_step_output | grep -qE 'NETSDK1064|NETSDK1004|NU1101|MSB3644'; then
            setup_restore "$1"
            setup_step "building again" setup_compile "$1"
        else
            setup_step_output | grep -E ' error ' | sed -E 's/ \[[^]]*\]$//' | sort -u | head -20 | sed 's/^/        | /' >&2 || true
            setup_fail "The build failed." "The whole output: $setup_log"
        fi
    fi
    # The stamp is as old as the beginning of the build: what was edited meanwhile is built next time.
    mv "$from" "$setup_state/setup/built-$1"
}

# The name of a program of ours, ready to run.
setup_program() { echo "$setup_root/artifacts/bin/$1/release/$1.dll"; }

# Does a shop run in this folder? Its supervisor holds the lock as long as it lives.
setup_runs() {
    [ -f "$setup_state/run/lock" ] || return 1
    ! flock -n "$setup_state/run/lock" true
}

# Becomes a program of ours: $1 its name, then its arguments.
setup_run() {
    local program
    program="$(setup_program "$1")"
    shift
    setup_dotnet
    [ -f "$program" ] || setup_fail "CardShop is not built yet." "compose/up builds and starts it."
    exec dotnet "$program" "$@"
}

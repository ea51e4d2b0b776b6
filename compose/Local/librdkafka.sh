# shellcheck shell=bash
# The native part of Confluent.Kafka where the registry lacks it. Sourced by setup.sh.

# Confluent.Kafka brings its native part in the package librdkafka.redist. Where the registry lacks it, this builds it.
setup_librdkafka() {
    if compgen -G "$setup_state/feed/librdkafka.redist.*.nupkg" >/dev/null; then return 0; fi
    local probe="$setup_state/setup/probe"
    mkdir -p "$probe"
    # A project of its own: the solution's restore would stop at the first of many complaints.
    echo '<Project />' >"$probe/Directory.Build.props"
    cat >"$probe/probe.csproj" <<'PROBE'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageReference Include="Confluent.Kafka" /></ItemGroup>
</Project>
PROBE
    # Only the message tells a package that is absent from a network that is.
    if setup_otherwise="no" setup_try "has the registry librdkafka for Confluent.Kafka?" dotnet restore "$probe/probe.csproj" -v q --nologo; then
        return 0
    fi
    if ! setup_step_output | grep -qE 'NU110[12].*librdkafka\.redist'; then
        setup_step_output 3 | sed 's/^/        | /' >&2
        setup_fail "NuGet packages cannot be restored." \
            "The first start needs the network; a proxy is taken from http_proxy and https_proxy." "The whole output: $setup_log"
    fi
    setup_install gcc g++ libc6-dev make debian-archive-keyring libssl-dev zlib1g-dev libzstd-dev liblz4-dev
    setup_step "source of librdkafka from Debian" setup_librdkafka_source
    setup_step "building librdkafka (about a minute)" setup_librdkafka_build
    setup_step "packing librdkafka.redist" setup_librdkafka_pack
}

setup_librdkafka_source() {
    local work="$setup_state/setup/librdkafka" mirror
    rm -rf "$work"
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/source"
    # The mirror that this machine already uses; only the suite differs.
    mirror="$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 -E '/debian/?$')" ||
        { echo "No source of Debian's main archive is configured for apt." >&2; return 1; }
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$work/sid.list"
    # A mirror that was frozen for reproducible builds serves lists past their date; what they name is signed all the same.
    local apt=(env LC_ALL=C apt-get -o "Dir::Etc::sourcelist=$work/sid.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$work/lists"
        -o "Dir::Cache=$work/cache" -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 -o Acquire::http::Timeout=30)
    "${apt[@]}" update
    cd "$work"
    "${apt[@]}" source --download-only librdkafka
    tar -xf librdkafka_*.orig.tar.* --strip-components=1 -C source
}

setup_librdkafka_build() {
    cd "$setup_state/setup/librdkafka/source"
    ./configure --disable-sasl --disable-curl --disable-gssapi --enable-zstd --enable-lz4-ext
    make -j"$(nproc)" libs
    strip --strip-unneeded src/librdkafka.so.1
}

setup_librdkafka_pack() {
    local work="$setup_state/setup/librdkafka" version machine
    version="$(cd "$work" && echo librdkafka_*.dsc | sed -E 's/^librdkafka_([0-9.]+).*/\1/')"
    case "$(uname -m)" in
        x86_64) machine=linux-x64 ;;
        aarch64) machine=linux-arm64 ;;
        *) echo "no .NET runtime identifier is known for $(uname -m)" >&2; return 1 ;;
    esac
    mkdir -p "$work/pack"
    cp "$work/source/src/librdkafka.so.1" "$work/pack/librdkafka.so"
    echo '<Project />' | tee "$work/pack/Directory.Build.props" "$work/pack/Directory.Packages.props" >/dev/null
    # The last number tells which librdkafka is inside; the rest satisfies Confluent.Kafka, and yields to the real package.
    cat >"$work/pack/librdkafka.redist.csproj" <<PACK
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>netstandard2.0</TargetFramework>
    <PackageId>librdkafka.redist</PackageId>
    <Version>2.15.1.${version//./}</Version>
    <Authors>Confluent; built by Debian's sources</Authors>
    <Description>librdkafka $version for $machine</Description>
    <IncludeBuildOutput>false</IncludeBuildOutput>
    <SuppressDependenciesWhenPacking>true</SuppressDependenciesWhenPacking>
    <EnableDefaultItems>false</EnableDefaultItems>
    <NoWarn>NU5128</NoWarn>
  </PropertyGroup>
  <ItemGroup>
    <None Include="librdkafka.so" Pack="true" PackagePath="runtimes/$machine/native/" />
  </ItemGroup>
</Project>
PACK
    rm -rf "$work/feed"
    dotnet pack "$work/pack/librdkafka.redist.csproj" -c Release -o "$work/feed" --nologo
    # A feed appears whole or not at all: builds look for the folder.
    rm -rf "$setup_state/feed"
    mv "$work/feed" "$setup_state/feed"
    rm -rf "$work"
}

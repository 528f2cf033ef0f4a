#!/bin/bash
# Builds the Debian package inside a Debian made for it, and leaves it in dist/.
#
#   packaging/deb.sh SUITE [COMMIT]      bookworm or trixie; needs root, debootstrap and systemd-container
#   TREE=DIR packaging/deb.sh SUITE      builds over that Debian, which stays as it is (it needs to be of that suite)
#   OUT=DIR packaging/deb.sh SUITE       leaves it there
#
# What is committed is built: HEAD, or another COMMIT with the packaging and the units that lie here; such a package
# counts as older than that of HEAD, so that updates can be tried. What it is built from is locked by digests
# (requirements/service.txt) or comes from the suite; with the same of both, the package is the same byte for byte.
# Takes two minutes and 1.5 GB; leaves nothing else behind.
set -eu
cd "$(dirname "$0")/.."
suite=${1:?Which suite? Type: packaging/deb.sh bookworm}
commit=${2:-HEAD}
out=$(realpath -m "${OUT:-dist}")

[ "$(id -u)" = 0 ] || { echo "Making a Debian needs root. Type: sudo $0 $suite" >&2; exit 1; }
for tool in debootstrap:debootstrap systemd-nspawn:systemd-container git:git; do
    command -v "${tool%:*}" >/dev/null || { echo "Missing here. Type: apt-get install ${tool#*:}" >&2; exit 1; }
done

place=$(mktemp -d "${TMPDIR:-/var/tmp}/deb-$suite.XXXXXX")
end() {
    status=$?
    [ $status = 0 ] || tail -40 "$place/log" >&2 || true
    ! mountpoint --quiet "$place/root" || umount "$place/root"
    rm -rf --one-file-system "$place"
}
trap end EXIT
mkdir "$place"/{upper,work,root}

tree=${TREE:-$place/tree}
if [ -z "${TREE:-}" ]; then
    echo "Debian $suite ..." >&2
    debootstrap --variant=minbase "$suite" "$tree" >"$place/log" 2>&1
fi
. "$tree/etc/os-release"
[ "$VERSION_CODENAME" = "$suite" ] || { echo "$tree is a $VERSION_CODENAME, not a $suite." >&2; exit 1; }
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$place/upper,workdir=$place/work" "$place/root"

# The source, under a path that is always the same.
version=$(git show "$commit:panjaya_watchd/__init__.py" | sed -n 's/^__version__ = "\(.*\)"/\1/p')
[ "$commit" = HEAD ] || version=$version~~$(git show --no-patch --format=%cd.%h --date=format:%Y%m%d%H%M%S "$commit")
source=/usr/src/panjaya-watchd
mkdir "$place/root$source"
git archive "$commit" | tar --extract --directory="$place/root$source"
rm -rf "$place/root$source"/{systemd,packaging}
cp -r systemd packaging packaging/debian "$place/root$source"
SOURCE_DATE_EPOCH=$(git show --no-patch --format=%ct "$commit")
cat >"$place/root$source/debian/changelog" <<END
panjaya-watchd ($version~deb$VERSION_ID) $suite; urgency=medium

  * See /usr/share/doc/panjaya-watchd/changelog.gz.

 -- the panjaya-watchd authors <panjaya-watchd@localhost>  $(date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")
END

# How the indexes are reached from here has to hold inside as well: a local certificate authority, pip's settings.
bundle=/etc/ssl/certs/ca-certificates.crt
settings=("--setenv=SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" --setenv=LANG=C.UTF-8 --setenv=DEBIAN_FRONTEND=noninteractive)
while IFS='=' read -r name value; do
    case $name in PIP_* | SSL_CERT_FILE | http_proxy | https_proxy | no_proxy) settings+=("--setenv=$name=$value") ;; esac
done < <(env)
binds=()
[ ! -e "$bundle" ] || binds+=("--bind-ro=$bundle:/run/ca-certificates.crt")
[ ! -e "$bundle" ] || settings+=("--setenv=PIP_CERT=/run/ca-certificates.crt" "--setenv=SSL_CERT_FILE=/run/ca-certificates.crt")
[ ! -e /etc/pip.conf ] || binds+=("--bind-ro=/etc/pip.conf")

inside() {
    echo "$1 ..." >&2
    shift
    # Its own process tree, this host's network, no registration with a systemd that may not run here.
    systemd-nspawn --quiet --register=no --keep-unit --as-pid2 --pipe --directory="$place/root" --chdir="$source" \
        --resolv-conf=replace-host "${binds[@]}" "${settings[@]}" "$@" </dev/null >"$place/log" 2>&1
}

inside "What builds it" sh -ec 'apt-get update && apt-get build-dep --yes --no-install-recommends ./'
inside "The package" dpkg-buildpackage --build=binary --no-sign
mkdir -p "$out"
cp "$place/root${source%/*}"/panjaya-watchd_*.deb "$out"
ls "$out/panjaya-watchd_$version~deb$VERSION_ID"_*.deb

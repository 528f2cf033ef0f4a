#!/bin/bash
# The core cases over real cifs and NFS mounts: a Debian with its own kernel, in a virtual machine made for this.
#
#   bench/vm/run.sh [DIR [PART...]]        needs root, and Debian's debootstrap, qemu-system-x86 and e2fsprogs
#
# DIR keeps the Debian, so that the next run begins at once; without one everything is made in a temporary directory
# and thrown away. The Debian is installed from the mirror that debootstrap knows. The machine itself is emulated (no
# /dev/kvm; a processor without AVX, which is slow to emulate), has no network card and reaches nothing. It gets a
# second disk with this checkout as it lies here and the packages of its .venv, which has to be of the same Python
# (3.11), and runs bench/vm/cases.py on it: all of it, or the parts that are named.
#
# Prints what happens there while it happens, ends with "VM: N cases, 0 failures", and fails where that line is another
# one. About 2 minutes for the Debian, 8 for the cases on two idle cores, 2 GB of disk.
set -eu
cd "$(dirname "$0")/../.."
packages=systemd,systemd-sysv,dbus,libpam-systemd,procps,python3,kmod,iproute2,linux-image-cloud-amd64,initramfs-tools,zstd
packages=$packages,samba,smbclient,cifs-utils,nfs-kernel-server,nfs-common
longest=${LONGEST:-1800}

[ "$(id -u)" = 0 ] || { echo "Making a Debian needs root. Type: sudo $0" >&2; exit 1; }
for tool in debootstrap:debootstrap qemu-system-x86_64:qemu-system-x86 mke2fs:e2fsprogs; do
    command -v "${tool%:*}" >/dev/null || { echo "Missing here. Type: apt-get install ${tool#*:}" >&2; exit 1; }
done
site=$(.venv/bin/python -c 'import sys, sysconfig; print(sysconfig.get_path("purelib") if sys.version_info[:2] == (3, 11) else "")')
[ -n "$site" ] || { echo "The .venv is of another Python than Debian 12's, which is 3.11." >&2; exit 1; }

run=$(mktemp -d "${TMPDIR:-/var/tmp}/vm.XXXXXX")
machine=
end() {
    [ -z "$machine" ] || kill "$machine" 2>/dev/null || true
    rm -rf --one-file-system "$run"
}
trap end EXIT
trap 'exit 130' INT TERM
keep=${1:-$run}
parts=${*:2}
mkdir -p "$keep"

if [ ! -e "$keep/debian.img" ]; then
    echo "Installing Debian 12 with a kernel of its own, Samba and nfsd ..."
    rm -rf --one-file-system "$keep/tree"
    debootstrap --variant=minbase --include="$packages" bookworm "$keep/tree" >"$keep/debootstrap.log" 2>&1 ||
        { tail -5 "$keep/debootstrap.log" >&2; exit 1; }
    for unit in smbd nmbd samba-ad-dc winbind nfs-server rpcbind.socket apt-daily.timer apt-daily-upgrade.timer; do
        chroot "$keep/tree" systemctl disable "$unit" >/dev/null 2>&1 || true
    done
    cat >"$keep/tree/etc/systemd/system/cases.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
ExecStart=/bin/sh -c 'mkdir -p /opt/disk && mount -o ro /dev/vdb /opt/disk && sh /opt/disk/begin >/dev/ttyS1 2>&1; systemctl poweroff -f -f'
[Install]
WantedBy=graphical.target
UNIT
    mkdir -p "$keep/tree/etc/systemd/system/graphical.target.wants"
    ln -sf ../cases.service "$keep/tree/etc/systemd/system/graphical.target.wants/"
    truncate -s 3G "$keep/making.img"
    mke2fs -q -t ext4 -d "$keep/tree" "$keep/making.img"
    cp "$keep"/tree/boot/vmlinuz-* "$keep/vmlinuz"
    cp "$keep"/tree/boot/initrd.img-* "$keep/initrd"
    mv "$keep/making.img" "$keep/debian.img"
fi

echo "Putting this checkout and its packages on a disk ..."
mkdir -p "$run/disk/checkout"
cp -a "$site" "$run/disk/site"
git -c safe.directory='*' ls-files -z --cached --others --exclude-standard -- panjaya_watchd tests bench config |
    tar --null --files-from=- --create | tar --extract --no-same-owner --directory "$run/disk/checkout"
.venv/bin/python -m compileall -q "$run/disk/checkout" -s "$run/disk/checkout" -p /opt/disk/checkout
cat >"$run/disk/begin" <<BEGIN
echo /opt/disk/site >/usr/lib/python3/dist-packages/cases.pth
cd /opt/disk/checkout && PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONPATH=.:tests exec python3 -m bench.vm.cases $parts
BEGIN
truncate -s 1G "$run/disk.img"
mke2fs -q -t ext4 -d "$run/disk" "$run/disk.img"

echo "Starting it ..."
: >"$run/cases"
export TMPDIR=$run
timeout "$longest" qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu Nehalem -smp 2 -m 2048 -display none -no-reboot \
    -nic none -serial file:"$run/console" -serial file:"$run/cases" \
    -drive file="$keep/debian.img",if=virtio,format=raw,cache=unsafe,snapshot=on \
    -drive file="$run/disk.img",if=virtio,format=raw,readonly=on \
    -kernel "$keep/vmlinuz" -initrd "$keep/initrd" \
    -append "root=/dev/vda rw console=ttyS0 panic=-1 mitigations=off" </dev/null &
machine=$!
tail --follow --lines=+1 --pid="$machine" --sleep-interval=1 "$run/cases"
status=0
wait "$machine" || status=$?
machine=
[ "$keep" = "$run" ] || cp "$run/console" "$run/cases" "$keep/"
if [ "$status" != 0 ]; then
    tail -5 "$run/console" >&2
    echo "FAILED: the machine ended with $status (124: not within $longest s)." >&2
    exit 1
fi
tr -d '\r' <"$run/cases" | tail -1 | grep -Eqx 'VM: [1-9][0-9]* cases, 0 failures'

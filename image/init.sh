#!/bin/sh
# First process of a start: mounts the image's root and hands over. Runs in busybox, from the initramfs, before anything else.
PATH=/bin
export PATH

# QEMU runs with -no-reboot, so this ends it; poweroff would need ACPI, which not every machine type has.
end() {
  sync
  reboot -f
}

fail() {
  echo "pcoder-init: $*" >/dev/console
  end
}

mount -t proc proc /proc || fail "cannot mount /proc"
mount -t sysfs sysfs /sys || fail "cannot mount /sys"
mount -t devtmpfs devtmpfs /dev || fail "cannot mount /dev"

# The accelerator's proof: two signs of life, and a clock that moved between them.
if grep -q 'pcoder\.probe=1' /proc/cmdline; then
  echo "pcoder-probe alive $(cut -d ' ' -f 1 /proc/uptime)" >/dev/console
  sleep 0.2
  echo "pcoder-probe alive $(cut -d ' ' -f 1 /proc/uptime)" >/dev/console
  end
fi

while read -r module; do
  insmod "/modules/$module" || fail "cannot load $module"
done </modules/order

tries=0
until [ -b /dev/vda ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 500 ] || fail "no disk: /dev/vda did not appear"
  usleep 10000
done

# noinit_itable: no background writes into a disk that was just made of zeros.
mount -t ext4 -o rw,noatime,noinit_itable /dev/vda /sysroot || fail "cannot mount the root disk"
for folder in proc sys dev; do
  mount -o move "/$folder" "/sysroot/$folder" || fail "cannot move /$folder"
done
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /sysroot/run || fail "cannot mount /run"

if [ -d /pcoder ]; then
  cp -a /pcoder /sysroot/run/pcoder || fail "cannot copy /pcoder to /run"
  chmod 700 /sysroot/run/pcoder
fi

if [ -x /sysroot/run/pcoder/start ]; then
  exec switch_root /sysroot /run/pcoder/start
fi
exec switch_root /sysroot /sbin/init
fail "cannot enter the root file system"

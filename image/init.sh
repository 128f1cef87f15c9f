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

# Each program started here costs an emulated guest 10 to 30 ms, so one mount does them all.
mount -a -T /fstab/start || fail "cannot mount /proc and /dev"

# The accelerator's proof: two signs of life, and a clock that moved between them.
read -r line </proc/cmdline
case " $line " in
  *' pcoder.probe=1 '*)
    echo "pcoder-probe alive $(cut -d ' ' -f 1 /proc/uptime)" >/dev/console
    sleep 0.2
    echo "pcoder-probe alive $(cut -d ' ' -f 1 /proc/uptime)" >/dev/console
    end
    ;;
esac

# Some are for a processor or a device that this machine may not have: what is truly missing shows below.
while read -r module; do
  insmod "/modules/$module"
done </modules/order

tries=0
until [ -b /dev/vda ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 500 ] || fail "no disk: /dev/vda did not appear"
  usleep 10000
done

mount -a -T /fstab/root || fail "cannot mount the root disk"

if [ -d /pcoder ]; then
  cp -a /pcoder /sysroot/run/pcoder || fail "cannot copy /pcoder to /run"
  chmod 700 /sysroot/run/pcoder
fi

if [ -x /sysroot/run/pcoder/start ]; then
  exec switch_root /sysroot /run/pcoder/start
fi
exec switch_root /sysroot /sbin/init
fail "cannot enter the root file system"

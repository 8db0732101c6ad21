# The cards, and what a driver for them stands on: a part of look.sh. Where no card is NVIDIA's, no package is asked for.
config() { od -An -v -tx1 -N256 "$1/config" | tr -d ' \n'; } # without root the first 64 bytes

gpus() {
    nvidia=
    for device in /sys/bus/pci/devices/*; do
        [ -r "$device/class" ] || continue
        read -r class < "$device/class"
        read -r vendor < "$device/vendor"
        case $class-$vendor in
            0x03*) ;;
            0x0680*-0x10de) say nvswitch "${device##*/}"; continue ;;
            *) continue ;;
        esac
        read -r id < "$device/device"
        driver=$(readlink "$device/driver")
        say pci "${device##*/} $vendor $id ${driver##*/}"
        say pci_class "${device##*/} $class"
        [ "$vendor" = 0x10de ] || continue
        nvidia=yes
        say pci_config "${device##*/} $(config "$device")"
    done
    [ -r /proc/driver/nvidia/version ] && say nvidia_module "$(sed -n 1p /proc/driver/nvidia/version)"
    if have nvidia-smi; then
        seen=$(limit 30 nvidia-smi --query-gpu=name,uuid,memory.total,driver_version \
            --format=csv,noheader,nounits 2>&1 </dev/null)
        answered=$?
        say nvidia_smi_rc $answered
        printf '%s\n' "$seen" | block nvidia_smi
        [ $answered = 0 ] && limit 30 nvidia-smi --query-gpu=mig.mode.current --format=csv,noheader | block nvidia_mig
    fi
}

ground() {
    if [ -d /sys/firmware/efi ]; then # the variable's four bytes of attributes, then its value
        say secure_boot "$(od -An -tu1 -j4 -N1 /sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c | tr -d ' ')"
    else
        say secure_boot absent
    fi
    if have systemd-detect-virt; then say container "$(systemd-detect-virt -c)"
    elif [ -e /run/.containerenv ] || [ -e /.dockerenv ]; then say container oci
    fi
    [ -e /dev/dxg ] && say wsl yes
    { [ -e /etc/nv_tegra_release ] || tr '\0' '\n' < /proc/device-tree/compatible | grep -q '^nvidia,tegra'; } && say jetson yes
    [ -d /run/nvidia/driver ] && say cluster_driver yes
}

driver() {
    [ -n "$nvidia" ] || return 0
    {
        have dpkg-query && dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Version}|${Maintainer}\n' \
            'nvidia-driver*' 'nvidia-open*' 'nvidia-kernel-*' 'nvidia-dkms-*' 'nvidia-headless-*' 'nvidia-utils-*' \
            'nvidia-compute-utils-*' nvidia-smi 'nvidia-tesla-*' 'nvidia-legacy-*' 'linux-modules-nvidia-*' \
            'libcuda1' 'libnvidia-compute*' 'libnvidia-ml1' 'cuda-drivers*' | sed -n 's/^[a-z][itUFHW][^|]*|//p'
        have rpm && rpm -qa --qf '%{NAME}|%{VERSION}|%{VENDOR}\n' 'nvidia-driver*' 'nvidia-open*' 'kmod-nvidia*' \
            'akmod-nvidia*' 'dkms-nvidia*' 'xorg-x11-drv-nvidia*' 'cuda-drivers*'
    } | grep -vE '^nvidia-(driver-(pinning|assistant)|legacy-check)' | sort -u | block driver_packages
    [ -e /usr/bin/nvidia-uninstall ] && say run_file yes
    have dpkg-query && dpkg-query -W -f '${db:Status-Abbrev}|${Package}\n' 'linux-image-[a-z]*' |
        sed -n 's/^[a-z]i[^|]*|//p' | grep -v unsigned | block kernel_images
    if have apt-cache; then # its caches stay in memory: nothing is written here
        names=$(limit 10 apt-cache -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= pkgnames linux-modules-nvidia-)
        [ -n "$names" ] && say prebuilt_known yes
        printf '%s\n' "$names" | grep -F -- "-$(uname -r)" | block prebuilt
    fi
}

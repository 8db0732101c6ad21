"""What happens on a workstation, inside pyinfra: look, equip, publish, confirm, put back."""

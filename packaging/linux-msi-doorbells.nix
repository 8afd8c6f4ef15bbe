# SPDX-License-Identifier: GPL-2.0
# Nixpkgs' Linux 6.12 with the series, from an unpacked release ("make release"):
#	nix-build packaging/linux-msi-doorbells.nix
# or, in a NixOS configuration:
#	boot.kernelPackages = pkgs.linuxPackagesFor
#	  (import ./packaging/linux-msi-doorbells.nix { inherit pkgs; });
{ pkgs ? import <nixpkgs> { } }:
let
  mails = ../mails;
  names = builtins.filter (name: builtins.match "[0-9]{4}-.*[.]patch" name != null
    && builtins.match "0000-.*" name == null) (builtins.attrNames (builtins.readDir mails));
  # "CONFIG_IOMMUFD=m" as nixpkgs has it: "IOMMUFD m"
  matches = builtins.filter (match: builtins.isList match)
    (builtins.map (builtins.match "CONFIG_([A-Z0-9_]+)=([ym])")
      (builtins.filter builtins.isString (builtins.split "\n" (builtins.readFile ./kernel.config))));
  option = match: "${builtins.elemAt match 0} ${builtins.elemAt match 1}\n";
  patches = builtins.map (name: { inherit name; patch = mails + "/${name}"; }) names;
  config = {
    name = "msi-doorbells-config";
    patch = null;
    extraConfig = builtins.concatStringsSep "" (builtins.map option matches);
  };
in
pkgs.linux_6_12.override (old: { kernelPatches = (old.kernelPatches or [ ]) ++ patches ++ [ config ]; })

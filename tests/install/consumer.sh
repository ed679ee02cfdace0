#!/usr/bin/env bash
# What is installed can be used: headers, pkg-config, shared and static library, page and completion.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cmake --install "$VOXPERT_BUILD" --prefix "$folder/usr" >"$folder/log"
lib=$(dirname "$(find "$folder/usr" -name libvoxpert.a)")
export PKG_CONFIG_PATH=$lib/pkgconfig

for file in "$lib/libvoxpert.so" "$lib/libvoxpert.so.0" "$folder/usr/include/voxpert/error.h" \
    "$folder/usr/share/man/man1/voxpert.1" \
    "$folder/usr/share/bash-completion/completions/voxpert" \
    "$folder/usr/share/doc/voxpert/examples/service.c" "$folder/usr/share/doc/voxpert/examples/box.py"; do
    [ -s "$file" ] || { echo "${file#"$folder"} is not installed"; exit 1; }
done

case $(pkg-config --cflags voxpert) in *libpng*) echo 'flags of private libraries are in cflags'; exit 1 ;; esac

# The names file_write and text_add are ours inside, and the user's outside.
cat >"$folder/use.c" <<'C'
#include <voxpert/error.h>
int file_write(int n);
int text_add(int n);
int file_write(int n) { return n + 1; }
int text_add(int n) { return n - 1; }
int main(void) { return text_add(file_write(VOXPERT_OK)); }
C
$CC $(pkg-config --cflags voxpert) "$folder/use.c" $(pkg-config --libs voxpert) -o "$folder/use"
LD_LIBRARY_PATH=$lib "$folder/use"

# Of ours the archive, of others the shared libraries: Debian does not install all of their archives.
private=$(sed -n 's/^Libs.private: //p' "$lib/pkgconfig/voxpert.pc")
$CC $(pkg-config --cflags voxpert) "$folder/use.c" -Wl,--whole-archive "$lib/libvoxpert.a" \
    -Wl,--no-whole-archive $private -o "$folder/use_static"
"$folder/use_static"
echo "a program builds and runs against the installed library"

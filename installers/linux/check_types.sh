# Run inside the root, with the package and a desktop's databases: what files are taken for, and what opens them.
set -eu
work=$(mktemp -d)
cd "$work"
printf 'II*\0\010\0\0\0' >tiff
printf 'II+\0\010\0\0\0' >bigtiff
printf 'SQLite format 3\0' >sqlite
printf '[Virtual Microscope Specimen]\n' >list
printf '\377\330\377\340\0\020JFIF\0' >jpeg
{ head -c 128 /dev/zero; printf DICM; } >dicom
cp tiff slide.svs
cp tiff slide.ndpi
cp jpeg slide.mrxs
cp bigtiff slide.scn
cp bigtiff slide.bif
cp list slide.vms
cp list slide.vmu
cp sqlite slide.svslide
cp tiff classic.scn
cp bigtiff large.tif
printf '[gd_scene load_steps=2 format=2]\n' >game.scn
printf 'RSRC\0\0\0\0' >binary-game.scn
cp tiff picture.tif
cp dicom slice.dcm
cp jpeg photograph.jpg

expect() { # FILE TYPE
    type=$(gio info --attributes=standard::content-type "$1" | sed -n 's/.*content-type: //p')
    echo "$1: $type"
    [ "$type" = "$2" ] || { echo "FAILED: $1 should be $2" >&2; exit 1; }
}
expect slide.svs image/x-aperio-svs
expect slide.ndpi image/x-hamamatsu-ndpi
expect slide.mrxs image/x-mirax
for each in scn:leica-scn bif:ventana-bif vms:hamamatsu-vms vmu:hamamatsu-vmu svslide:sakura-svslide; do
    expect "slide.${each%:*}" "image/x-${each#*:}"
done
expect classic.scn image/x-leica-scn
expect game.scn application/x-godot-scene
expect binary-game.scn application/x-godot-scene
expect large.tif image/tiff
expect picture.tif image/tiff
expect slice.dcm application/dicom
expect photograph.jpg image/jpeg

for type in image/x-aperio-svs image/x-hamamatsu-ndpi image/x-mirax image/x-leica-scn image/x-ventana-bif \
    image/x-hamamatsu-vms image/x-hamamatsu-vmu image/x-sakura-svslide image/tiff application/dicom; do
    gio mime "$type" | grep -q lungviewer.desktop || { echo "FAILED: lungviewer is not offered for $type" >&2; exit 1; }
done
echo "lungviewer is offered for all of them but the photograph and the scenes"
gio mime image/tiff | head -n 1
gio mime image/tiff | head -n 1 | grep -q org.another || { echo "FAILED: the other program for TIFF is no longer first" >&2; exit 1; }

# Run inside the root, with the package and a desktop's databases: what files are taken for, and what opens them.
set -eu
work=$(mktemp -d)
cd "$work"
printf 'II*\0\010\0\0\0' >tiff
printf '\377\330\377\340\0\020JFIF\0' >jpeg
{ head -c 128 /dev/zero; printf DICM; } >dicom
cp tiff slide.svs
cp tiff slide.ndpi
cp jpeg slide.mrxs
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
expect picture.tif image/tiff
expect slice.dcm application/dicom
expect photograph.jpg image/jpeg

for type in image/x-aperio-svs image/x-hamamatsu-ndpi image/x-mirax image/tiff application/dicom; do
    gio mime "$type" | grep -q lungviewer.desktop || { echo "FAILED: lungviewer is not offered for $type" >&2; exit 1; }
done
echo "lungviewer is offered for all of them but the photograph"
gio mime image/tiff | head -n 1
gio mime image/tiff | head -n 1 | grep -q org.another || { echo "FAILED: the other program for TIFF is no longer first" >&2; exit 1; }

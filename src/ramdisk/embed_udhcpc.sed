# Makes a text the C source of ramdisk_udhcpc: each line becomes a string literal.
1i #include "ramdisk/init_script.h"
1i const char ramdisk_udhcpc[] =
s/[\"]/\\&/g
s/^/"/
s/$/\\n"/
$a ;

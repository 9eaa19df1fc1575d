# Makes a text the C source of ramdisk_init: each line becomes a string literal.
1i #include "ramdisk/init_script.h"
1i const char ramdisk_init[] =
s/[\"]/\\&/g
s/^/"/
s/$/\\n"/
$a ;

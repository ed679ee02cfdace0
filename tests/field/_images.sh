# What is right about pictures: cases 01 to 12, 40 and 46.
# A picture named *.ref.png, ref*.png or *.black.tif holds the pixels that the odd file stands for.

if chosen 01; then
    about 01-jpeg-no-eoi
    like whole.jpg ref.png
    like_warned 'end|cut|trunc' no_eoi.jpg ref.png
    like trailing.jpg ref.png
fi

if chosen 02; then
    about 02-jpeg-cmyk
    like adobe.jpg adobe.ref.png
    like no_adobe.jpg no_adobe.ref.png
fi

if chosen 03; then
    about 03-jpeg-12bit-lossless
    refused 3 'JPEG 2000' info j2k.jp2
    refused 3 'JPEG 2000' info really_j2k.jpg
    refused 3 'lossless|0xc3' info lossless_16.jpg
    refused 3 '12' info twelve_bits.jpg
fi

if chosen 04; then
    about 04-other-format-under-a-usual-name
    refused 3 'DICOM & NIfTI' info ct.dcm
    refused 3 'DICOM & NIfTI' info ct_dicom_named.jpg
    refused 3 'DICOM & NIfTI' segment -i ct.dcm --box 1,1,9,9 -o m.png
    refused 3 'NRRD' info nrrd.nii.gz
    refused 3 'web page|HTML' info page.png
    refused 3 'WebP' info photo.jpg
    refused 3 'GIF' info picture.gif
    refused 3 'WebP' info picture.webp
    like really_png.jpg ../46-more-odd-files/ref.png
fi

if chosen 05; then
    about 05-exif-orientation
    for file in o3.jpg o6.jpg o6.png o6.tif; do
        like $file $file.ref.png
        prints "orientation.*${file:1:1}" info $file
    done
    prints 'size.*96, 72' info --no-exif o6.png
fi

if chosen 06; then
    about 06-png-palette-transparency-image
    for file in grey_alpha grey_trns one_bit palette palette_trns; do
        like $file.png $file.png.ref.png
    done
fi

if chosen 08; then
    about 08-tiff-min-is-white-image
    like u8.tif ref.png
    like u16.tif u16.black.tif
    like i16.tif i16.black.tif
    told 'white' segment -i f32.tif --box 12,14,60,55 -o m.png
fi

if chosen 09; then
    about 09-tiff-compressions-and-layouts
    for file in bigtiff lzw_pred planar zstd rgba_unassoc; do
        like $file.tif ref_rgb.png
    done
    near palette.tif ref_rgb.png # 256 colours
    quiet segment -i rgba_assoc.tif --box 12,14,60,55 -o m.png
    near jpeg_rgb.tif ref_rgb.png
    quiet segment -i jpeg_ycbcr.tif --box 12,14,60,55 -o m.png # its colours are of half the size
    near tiles_odd.tif ref_rgb.png
    for file in deflate_pred16 double float_pred3 int64; do
        like $file.tif bigendian.tif
    done
    refused 3 'complex' info complex.tif
    refused 3 'JPEG 2000|34712' info j2k.tif
    told 'channel' segment -i five_channels.tif --box 12,14,60,55 -o m.png
    told 'channel' segment -i two_channels.tif --box 12,14,60,55 -o m.png
fi

if chosen 10; then
    about 10-tiff-12-bit-packed
    like packed12.tif ref16.png
fi

if chosen 11; then
    about 11-imagej-stack-with-one-directory
    like whole.tif plane3.png --slice k:3
    like one_directory.tif plane3.png --slice k:3
    warned '2 channels' segment -i zc.tif --slice k:3 --box 12,14,60,55 -o m.png
    like t.tif plane3.png --slice k:0:3
    prints 'size.*96, 72, 6' info one_directory.tif
    told '2' segment -i composite_2ch.tif --box 12,14,60,55 -o m.png
    prints 'size.*96, 72, 2' info ome.ome.tif
    warned 'page' segment -i pyramid.tif --box 12,14,60,55 -o m.png
    like_warned 'thumbnail|reduced' thumbnail_first.tif ../46-more-odd-files/ref.png
fi

if chosen 12; then
    about 12-float-tiff-with-nan
    quiet segment -i clean.tif --box 12,14,60,55 -o m.png
    near huge.tif clean.tif
    near inf.tif clean.tif
    near nan.tif clean.tif
    warned 'infinite' segment -i inf.tif --box 12,14,60,55 -o m.png
    warned 'NaN' segment -i nan.tif --box 12,14,60,55 -o m.png
    warned 'constant|same value' segment -i constant.tif --box 12,14,60,55 -o m.png
    refused 3 'NaN|infinite' segment -i all_nan.tif --box 12,14,60,55 -o m.png
    prints 'size' info nodata.tif
fi

if chosen 40; then
    about 40-extreme-sizes
    for file in 1x1 1x300 300x1 3x2000 black dark8; do
        warned 'nothing was found' segment -i $file.png --point 0,0:+ -o m.png
    done
    warned 'constant|same value' segment -i white16.png --point 0,0:+ -o m.png
    like rgb48.png rgb.ref.png
    near twelve_in_sixteen.png r16.png
    prints 'uint16' info values_0_1_of_16_bits.png
    quiet segment -i rgb48_low_bits_only.png --box 12,14,60,55 -o m.png
fi

if chosen 46; then
    about 46-more-odd-files
    for file in iccp_broken.png interlaced.png text_crc_wrong.png trailing.png two_gamma.png rgb.bmp \
        rgba_v4.bmp; do
        like $file ref.png
    done
    like_warned 'end|cut|IEND|trunc' no_iend.png ref.png
    like mpo.jpg mpo.jpg.ref.png
    like progressive.jpg progressive.jpg.ref.png
    like rle8.bmp grey.ref.png
    near rgb16_planar.tif ref.png
    quiet segment -i rgb_float.tif --box 12,14,60,55 -o m.png
    told 'channel|alpha' segment -i rgb_plus_nir.tif --box 12,14,60,55 -o m.png
    refused 2 'frame' segment -i xy1t.nii --box 12,14,60,55 -o m.png
    quiet segment -i xy1t.nii --slice k:0:3 --box 12,14,60,55 -o m3.png
    refused 2 'frame' segment -i xy1t.nii --slice k:0:6 --box 12,14,60,55 -o m6.png
fi

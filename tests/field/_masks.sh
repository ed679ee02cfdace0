# What is right about masks of many kinds, as labels and as prompts: cases 07 and 39.

if chosen 07; then
    about 07-masks-that-look-alike
    # The ellipse of every mask has 1088 pixels.
    for file in a_plain255.png b_plain1.png c_palette_black_first.png f_onebit_png.png h_rgb_white.png \
        o_int32.tif p_int64.tif q_float32.tif s_bool_tif.tif t_float16.tif u_deflated_lzw.tif l_g4_fax.tif; do
        number 1088 'area_px|voxels' stats -i images/b_plain1.png -s each/$file
    done
    # Palette indices and stored values are what they are; where they cover what looks like background it is said.
    for file in d_palette_white_first.png m_miniswhite8.tif; do
        number 5824 'area_px|voxels' stats -i images/b_plain1.png -s each/$file
        warned 'background|border' stats -i images/b_plain1.png -s each/$file
    done
    told 'two|ramp|JPEG|levels' stats -i images/b_plain1.png -s each/j_jpeg.jpg
    number 1088 'area_px|voxels' stats -i images/b_plain1.png -s each/g_alpha_only.png
    told 'alpha|opacity' stats -i images/b_plain1.png -s each/g_alpha_only.png
    refused 3 'colour' stats -i images/b_plain1.png -s each/i_rgb_red.png
    refused 3 'NumPy' stats -i images/b_plain1.png -s each/w_npy.npy
    found 'i_rgb_red & colour' .
    found 'j_jpeg' .
    found 'g_alpha_only & alpha|opacity' .
    found 'd_palette_white_first & background|border' .
    found 'm_miniswhite8 & background|border' .
    lacks 'Thumbs.db:|p_int64|t_float16|_a_plain' .
fi

if chosen 39; then
    about 39-mask-prompts
    told 'alpha|opacity' segment -i scan.png --mask alpha_only.png --box 12,14,60,55 -o m.png
    refused 3 'empty' segment -i scan.png --mask empty.png --box 12,14,60,55 -o m.png
    refused 3 '48 x 36 & 96 x 72' segment -i scan.png --mask half_size.png --box 12,14,60,55 -o m.png
    refused 3 '72 x 96' segment -i scan.png --mask transposed.png --box 12,14,60,55 -o m.png
    twin_flags='--mask m255.png'
    like scan.png scan.png --mask m1.png
    twin_flags=
    warned 'background|border' segment -i scan.png --mask palette_white_first.png --box 12,14,60,55 -o m.png
    # A drawn picture instead of a mask: the upper half of its values is inside, or it is said.
    told 'half|values|levels|grey' segment -i scan.png --mask scan.png --box 12,14,60,55 -o m.png
    twin_flags='--mask m255.png'
    like scan.png scan.png --mask ../07-masks-that-look-alike/each/j_jpeg.jpg
    twin_flags=
fi

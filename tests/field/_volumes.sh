# What is right about volumes and label maps: cases 13 to 25 and 41.

if chosen 13; then
    about 13-nifti-scale
    twin_flags='--slice k:3'
    like slope0_inter5.nii ref.nii --slice k:3
    like slope_nan.nii ref.nii --slice k:3
    like slope_inf.nii ref.nii --slice k:3
    twin_flags=
    prints 'range.*-1024.0, 1116.0' info slope2_inter-1024.nii
    prints 'range.*-' info slope_negative.nii
    refused 3 'scl_inter' info slope1_inter_nan.nii
    for file in label label_slope0 label_slope_nan; do
        number 6528 voxels stats -i ref.nii -s $file.nii
    done
fi

if chosen 14; then
    about 14-label-values-that-drifted
    for file in clean float_exact int64 uint64; do
        number 4352 voxels stats -i clean.nii.gz -s $file.nii.gz
    done
    prints '"3":' stats -i clean.nii.gz -s uint64.nii.gz
    prints '"70000":' stats -i clean.nii.gz -s label_70000.nii.gz
    number 4352 voxels stats -i clean.nii.gz -s float_drift.nii.gz
    warned 'whole number|round' stats -i clean.nii.gz -s float_drift.nii.gz
    number 1 Dice evaluate -p float_drift.nii.gz -g clean.nii.gz
    warned 'whole number|round' evaluate -p clean.nii.gz -g float_drift.nii.gz
    refused 3 'nan' evaluate -p clean.nii.gz -g nan.nii.gz
    number 1 Dice evaluate -p clean.nii.gz -g minus_one.nii.gz
    warned '-1' evaluate -p clean.nii.gz -g minus_one.nii.gz
fi

if chosen 15; then
    about 15-nifti-geometry-fields
    twin_flags='--slice k:3'
    for file in neither pixdim_negative qfac_minus qform_only sform_zero sheared; do
        like $file.nii ref.nii --slice k:3
    done
    twin_flags=
    refused 3 'pixdim' info pixdim_zero_no_form.nii
    told 'pixdim' info pixdim_zero_qform.nii
    refused 3 'not finite' info sform_nan.nii
    refused 3 'singular' info sform_third_column_zero.nii
    quiet segment -i slice2d.nii --box 12,14,60,55 -o m.png
    told 'pixdim' info slice2d_pixdim_zero.nii
    like_warned 'singular|third axis|unused' slice2d_singular.nii slice2d.nii
fi

if chosen 16; then
    about 16-nifti-extra-axes
    twin_flags='--slice k:3'
    for file in dim0_3_tail_zero dim0_4_one dim0_5_ones dim0_7_ones; do
        like $file.nii ref.nii --slice k:3
    done
    twin_flags=
    quiet segment -i 4d_two_frames.nii --slice k:3:1 --box 12,14,60,55 -o m1.png
    refused 2 'frame' segment -i 4d_two_frames.nii --slice k:3:2 --box 12,14,60,55 -o m2.png
    refused 2 'slice' segment -i 4d_two_frames.nii --box 12,14,60,55 -o m.png
    warned 'frame' segment -i 4d_two_frames.nii --slice k:3 --box 12,14,60,55 -o m.png
    prints 'channels +3' info 5d_vector.nii
    refused 3 'dim\[4\]' info dim4_zero.nii
    quiet segment -i xy1.nii --box 12,14,60,55 -o xy1.png
    like xy11.nii xy1.nii
    number 6528 voxels stats -i ref.nii -s label3.nii
    number 6528 voxels stats -i ref.nii -s label4.nii
    quiet segment -i 1yz.nii --slice i:0 --box 1,1,60,4 -o 1yz.png
    quiet segment -i x1z.nii --slice j:0 --box 1,1,60,4 -o x1z.png
fi

if chosen 17; then
    about 17-analyze-7.5-pair
    for file in brain.hdr brain.img spm.hdr spm.img; do
        refused 3 'Analyze & NIfTI' info $file
    done
    prints 'size.*96, 72, 6' info pair.hdr
    prints 'size.*96, 72, 6' info pair.img
    refused 3 'alone.img' info no_img/alone.hdr
    refused 3 'single.hdr' info no_img/single.img
fi

if chosen 18; then
    about 18-nifti-rgb
    like rgb24.nii ref.png --slice k:0
    like rgba32.nii ref.png --slice k:0
    like fifth_axis.nii ref.png --slice k:0
    warned 'frame' segment -i fourth_axis.nii --slice k:0 --box 12,14,60,55 -o m.png
fi

if chosen 19; then
    about 19-gzip-oddities
    twin_flags='--slice k:3'
    for file in plain.nii.gz empty_member_last.nii.gz not_packed.nii.gz packed.nii raw_longer.nii \
        trailing_text.nii.gz trailing_zeros.nii.gz two_members.nii.gz; do
        like $file ref.nii --slice k:3
    done
    twin_flags=
    refused 3 'checksum' info crc_wrong.nii.gz
    refused 3 'ends early|cut' info cut.nii.gz
    refused 3 'gzip|twice' info twice.nii.gz
    refused 3 'cut & 82944 & 82844' info raw_cut.nii
fi

if chosen 20; then
    about 20-evaluate-0-1-against-0-255
    number 1 Dice evaluate -p pred -g gt
    warned '255 & 1 & label' evaluate -p pred -g gt
fi

if chosen 21; then
    about 21-evaluate-other-orientation
    number 1 Dice evaluate -p same_place_flipped_storage.nii.gz -g gt.nii.gz
    warned 'grid|flip|orient' evaluate -p same_place_flipped_storage.nii.gz -g gt.nii.gz
    refused 3 'another place & 72x96x6' evaluate -p transposed.nii.gz -g gt.nii.gz
    told 'grid|affine' evaluate -p same_storage_other_affine.nii.gz -g gt.nii.gz
fi

if chosen 22; then
    about 22-evaluate-empty
    prints 'Dice 0.4752 & lesion_F1 0.5' evaluate -p pred -g gt
fi

if chosen 23; then
    about 23-evaluate-distances-anisotropic
    prints 'Dice 0.7882 & NSD_elements_2mm 0.7381 & HD95_elements(_mm)? 5.981 & ASSD_elements(_mm)? 1.272' \
        evaluate -p pred.nii.gz -g gt.nii.gz
fi

if chosen 24; then
    about 24-evaluate-ignore-and-negative
    prints '1.Dice 0.9338' evaluate -p pred.nii.gz -g gt_255_ignore.nii.gz --ignore 255
    prints '1.Dice 0.9338' evaluate -p pred.nii.gz -g gt_255_ignore.nii.gz
fi

if chosen 25; then
    about 25-evaluate-names-and-types
    prints '3 cases & Dice 1' evaluate -p pred -g gt
fi

if chosen 41; then
    about 41-label-mirrored-against-its-image
    set=Dataset001_Toy
    # The mean of the image where the label lies in space, by nibabel.
    number 789.0082720588235 intensity_mean stats -i $set/imagesTr/c0_0000.nii.gz -s $set/labelsTr/c0.nii.gz
    warned 'grid|flip|orient' stats -i $set/imagesTr/c0_0000.nii.gz -s $set/labelsTr/c0.nii.gz
    found 'reorient' $set
fi

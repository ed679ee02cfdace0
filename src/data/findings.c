#include "data/findings.h"

typedef struct RuleWords {
    const char *name, *remedy;
} RuleWords;

static const RuleWords words[DATA_RULES] = {
    [RULE_JSON] = {"dataset.json is JSON", "mend the text at that line"},
    [RULE_JSON_EXISTS] = {"dataset.json exists",
                          "write one with channel_names, labels, numTraining and file_ending"},
    [RULE_FORM] = {"a list has the form of its format", "write the field as the format asks"},
    [RULE_OLD_NNUNET] =
        {"nnU-Net v1 / MSD dataset.json (labels are turned round, channel_names and "
         "file_ending missing)",
         "turn labels round (name: value), rename modality to channel_names, add "
         "file_ending, and drop the lists of files"},
    [RULE_CHANNELS_NAMED] = {"channel_names names the channels 0,1,2,...",
                             "write channel_names as {\"0\": \"CT\", ...}"},
    [RULE_LABELS_CONSECUTIVE] = {"labels are 0,1,2,... without gaps",
                                 "number the labels anew, in dataset.json and in the label files"},
    [RULE_LABELS_BACKGROUND] = {"labels hold background = 0", "add \"background\": 0 to labels"},
    [RULE_LABELS_IGNORE] = {"ignore is the highest label", "give ignore the highest value"},
    [RULE_REGIONS_ORDER] = {"regions have a regions_class_order",
                            "add regions_class_order with a value for each region"},
    [RULE_COUNT] = {"numTraining equals the labels found", "write the number that is there"},
    [RULE_ENDING] = {"files end with file_ending",
                     "write the ending of the files into file_ending, or convert the files"},
    [RULE_SUFFIX] = {"image names end with _XXXX",
                     "rename the file: four digits of the channel, from _0000 on"},
    [RULE_CHANNELS] = {"every case has as many files as channel_names",
                       "add the missing channel, or name as many as there are"},
    [RULE_HAS_LABEL] = {"every training image has a label",
                        "add the label, or take the image away"},
    [RULE_HAS_IMAGE] = {"every label has its images", "add the image, or take the label away"},
    [RULE_FILES_EXIST] = {"files exist", "add the file, or take its entry out of the list"},
    [RULE_UNIQUE] = {"no case is listed twice", "take one of the entries out"},
    [RULE_FOLDS_DISJOINT] = {"training and validation of a fold are disjoint",
                             "take the case out of one of the two lists"},
    [RULE_FOLDS_KNOWN] = {"a fold names cases of the data set",
                          "take the name out of the fold, or add the case"},
    [RULE_PATIENTS_APART] = {"no patient is in training and test",
                             "keep all images of a patient on one side"},
    [RULE_CSR_NAME] = {"the shape in the label's name is (classes, height, width, 1) of the image",
                       "rename the label file to the shape of its image"},
    [RULE_CSR_CHANNELS] = {"as many label channels as foreground labels",
                           "write a channel for each label but background, or drop the label"},
    [RULE_READABLE] = {"files can be read", "fetch or export the file again"},
    [RULE_FINITE] = {"images hold finite values", "replace the values that are NaN or infinite"},
    [RULE_CHANNELS_AGREE] = {"channels of a case share shape and affine",
                             "resample the channels onto one grid"},
    [RULE_SAME_SHAPE] = {"label and image share the shape",
                         "resample the label onto its image's grid"},
    [RULE_SAME_AFFINE] = {"label and image share the affine",
                          "resample the label onto its image's grid; write it with its image's "
                          "header only where its voxels are the image's in the same order"},
    [RULE_SAME_ORDER] = {"label and image are stored in the same order of axes",
                         "reorient the label to its image; its voxels are right where its own "
                         "header says, so keep that header until then"},
    [RULE_TURNED] = {"an image is stored as it is shown, without an EXIF turn",
                     "write the image upright, without an EXIF orientation, or turn the mask with "
                     "it; look at both before"},
    [RULE_SAME_STEM] = {"a label is called as its image", "rename the labels, all in the same way"},
    [RULE_LEFT_OUT] = {"a folder of images holds images", "move other files elsewhere"},
    [RULE_CATEGORY] = {"categories of annotations are in the list of categories",
                       "add the category to the list, or correct its number"},
    [RULE_DECODED] = {"files are read without a doubt",
                      "look at how the file is read; store it again without what is odd"},
    [RULE_SAMPLE_TYPE] = {"images of a data set have one sample type",
                          "store all images in one type, with the same meaning of values"},
    [RULE_LIST_SIZE] = {"a list says the size of the image",
                        "restore the image that was annotated, or annotate this one"},
    [RULE_MASK_SIZE] = {"mask and image share the size", "resample the mask to its image's size"},
    [RULE_MASK_VALUES] = {"a mask holds two values", "write masks as 0 and 1, or 0 and 255"},
    [RULE_MASK_FOREGROUND] = {"a mask holds foreground", "take an empty mask out of the list"},
    [RULE_LABEL_INTEGER] = {"label values are integers",
                            "resample labels with the nearest neighbour, and store integers"},
    [RULE_LABEL_KNOWN] = {"label values are in dataset.json",
                          "name the value in labels, or correct the label file"},
    [RULE_LABEL_FOREGROUND] = {"a label holds foreground",
                               "check that the case shows none of the labels"},
    [RULE_SAME_VOXELS] = {"no two cases hold the same voxels", "keep one of them"},
    [RULE_SHAPES] = {"annotations are outlines or run lengths of their image",
                     "correct the annotation"},
    [RULE_PROMPTS] = {"boxes and clicks are whole numbers in their arrays, boxes inside the image",
                      "write boxes as dicts of whole numbers, clicks as lists of z, y, x"},
    [RULE_GROUPS] = {"groups.csv names the group of every case",
                     "write a line with the stem of the case and the name of its group"},
    [RULE_CONTENT] = {"images hold what they held when their list was written",
                      "restore the image, or write the list again"},
};

const char *data_rule_name(DataRule rule) { return words[rule].name; }

const char *data_rule_remedy(DataRule rule) { return words[rule].remedy; }

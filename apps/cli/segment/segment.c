/* voxpert segment - masks of what is pointed at, in one image or in a folder of them. */
#include <stdio.h>

#include "cli/common/error.h"
#include "cli/common/outputs.h"
#include "cli/evaluate/simulate.h"
#include "cli/segment/case.h"
#include "cli/segment/folder.h"
#include "cli/verb.h"

static int segment_run(int argc, char **argv);

static void print_everything(void) {
    fputs(
        "      --everything          all objects that a grid of points finds; where they overlap "
        "the\n"
        "                            smaller one is on top. Settings of the published generator,\n"
        "                            with its defaults; in brackets those of models of preset\n"
        "                            voxpert, such as the built-in one:\n"
        "      --points-per-side N   points along each side of the image, or of a crop: 32 [6]\n"
        "      --points-per-batch N  points decoded at once, memory only: 16 [16]\n"
        "      --pred-iou-thresh X   least predicted IoU of a mask: 0.88 [0.4]\n"
        "      --stability-score-thresh X\n"
        "                            least stability of a mask's edge: 0.95 [0.55]\n"
        "      --stability-score-offset X\n"
        "                            how far the threshold moves to measure it: 1 [1]\n"
        "      --box-nms-thresh X    IoU of boxes above which only the best mask stays: 0.7 [0.3]\n"
        "      --crop-side N         also search square crops of N, 2N, ... pixels; 0: none: 0 "
        "[48]\n"
        "      --crop-n-layers N     also search 4, 16, ... crops of the image, 0 to 4 layers: 0 "
        "[0]\n"
        "      --crop-nms-thresh X   as --box-nms-thresh, between crops: 0.7 [0.3]\n"
        "      --crop-overlap-ratio X\n"
        "                            overlap of the crops of --crop-n-layers: 0.341 [0.341]\n"
        "      --crop-n-points-downscale-factor N\n"
        "                            divides the points per side from layer to layer: 1 [1]\n"
        "      --min-mask-region-area N\n"
        "                            remove smaller holes and islands: 0 [0], nothing is removed\n"
        "      --mask-threshold X    logit above which a pixel is inside: 0 [0]\n",
        stdout);
}

const Verb verb_segment = {
    .name = "segment",
    .summary = "masks of objects that boxes, points or names mark, in an image or a folder",
    .usage =
        "usage: voxpert segment [-m MODEL] -i IMAGE -o MASK PROMPTS [FLAGS]\n"
        "       voxpert segment [-m MODEL] -i FOLDER -o FOLDER --prompts FILE [FLAGS]\n"
        "       voxpert segment -m MODEL -i FOLDER -o FOLDER --prompt-free [FLAGS]\n"
        "       voxpert segment [-m MODEL] -i IMAGE|FOLDER -o OUT --everything [FLAGS]\n"
        "       voxpert segment [-m MODEL] --data SET [--simulate HOW] -o FOLDER [FLAGS]\n"
        "\n"
        "Example: what lies in the box, and the image with it drawn in\n"
        "  voxpert segment -i scan.png --box 40,52,120,131 -o mask.png --overlay seen.png\n"
        "\n"
        "Coordinates are pixels of the image as it is shown (EXIF turned): x to the right first,\n"
        "then y down, counted from 0 at the first pixel's centre; corners of boxes are inclusive.\n"
        "Swapped corners, and what passes an edge by less than a pixel, are put right with a "
        "warning.\n"
        "\n"
        "  -i, --input IMAGE         PNG, JPEG, TIFF, BMP or NIfTI; or a folder of them\n"
        "  -o, --output MASK         .png, .tif, .bmp, .nii or .nii.gz of the image's own size: 0 "
        "and\n"
        "                            255 for one object, labels 1..n for several (where they\n"
        "                            overlap the larger logit wins)\n"
        "  -m, --model FILE          safetensors or PyTorch .pth; default: the built-in model\n"
        "      --base FILE           of an adapter: the model it was trained on; default: the "
        "built-in\n"
        "                            model\n"
        "      --vocab FILE          of a model that reads text: the merges of CLIP's tokenizer,\n"
        "                            bpe_simple_vocab_16e6.txt.gz or merges.txt\n"
        "      --preset NAME         how images are prepared: sam, sam-med2d, sam-med2d-test, "
        "medsam,\n"
        "                            litemedsam, imis or voxpert; default: as the model says\n"
        "      --strict              refuse a model file with tensors that do not belong to it\n"
        "\n"
        "Prompts:\n"
        "      --box x0,y0,x1,y1     a box; repeated without --object, one object each\n"
        "      --point x,y           a point of the object (or x,y:+), or x,y:- of what is not; "
        "repeatable\n"
        "      --mask FILE           a coarse mask, 0 is outside; or .npy: --low-res of an "
        "earlier\n"
        "                            run (with --no-zoom, where the model zooms)\n"
        "      --text NAME           what it is called (\"liver\"), for IMIS-Net and published "
        "SegMoTE;\n"
        "                            repeated without --object, one object each; needs --vocab\n"
        "      --prompt-free         SegMoTE: prompt tokens are made from the image; boxes and\n"
        "                            points guide them\n"
        "      --class NAME|all      SegMoTE, with --prompt-free: all of that class in the image, "
        "of\n"
        "                            the classes that the model was trained for (voxpert info); "
        "repeatable,\n"
        "                            one object each\n"
        "      --expert auto|N|NAME  SegMoTE: send all tokens to expert N, from 1, or of that "
        "name;\n"
        "                            default: the router decides\n"
        "      --object N            the prompts that follow belong to object N\n"
        "      --prompts FILE        .csv, a row for each object: image,x0,y0,x1,y1 or image,x,y, "
        "and\n"
        "                            label, value, slice, object (rows of one object); or .json "
        "or\n"
        "                            .jsonl: {\"image\": \"scan.png\", \"objects\": "
        "[{\"label\":\n"
        "                            \"liver\", \"value\": 1, \"boxes\": [[x0,y0,x1,y1]], "
        "\"points\":\n"
        "                            [{\"p\": [x,y], \"positive\": true}], \"mask\": "
        "\"coarse.png\",\n"
        "                            \"text\": \"liver\"}]}\n"
        "\n"
        "Images:\n"
        "      --slice k:57          a slice of a volume: an axis of the file and an index from 0; "
        "x\n"
        "                            is the first axis that remains, y the second; k:57:3\n"
        "                            is of frame 3 of a series of volumes, from 0\n"
        "      --window LEVEL,WIDTH  which values become black to white; default: 8 bits as they "
        "are,\n"
        "                            others from percentile 0.5 to 99.5\n"
        "      --page N              page of a TIFF, from 1; default: 1\n"
        "      --no-exif             pixels as stored, not as the camera was held\n"
        "\n",
    .usage_more =
        "Model:\n"
        "      --multimask           all candidate masks; the best is written, all go to --logits\n"
        "      --zoom, --no-zoom     encode a crop around the prompt, or the whole image; default: "
        "as\n"
        "                            the preset says\n"
        "      --cache DIR           keep and reuse embeddings here\n"
        "      --cache-half          use also those that were kept in half precision\n"
        "      --embedding FILE      of `voxpert embed`, for this image and model\n"
        "\n"
        "Results:\n"
        "      --fill-holes          fill the holes of each mask,\n"
        "      --min-size N          then drop regions of fewer pixels; default: 1, none,\n"
        "      --keep-largest        then keep only the largest region (--everything has\n"
        "                            --min-mask-region-area instead)\n"
        "      --value N             label value of an object's pixels, 1 to 65535, where a "
        "prompts\n"
        "                            file gives no \"value\"; default: 255 of one object, 1..n of\n"
        "                            several\n"
        "      --overlay FILE.png    the image with masks and prompts drawn in\n"
        "      --logits FILE.npy     float32 [objects x masks, height, width]; above 0 is inside\n"
        "      --probability FILE    the same as probabilities (.npy), or of one object as .png\n"
        "      --probability-bits N  of the .png: 8 (default) or 16\n"
        "      --low-res FILE.npy    the model's own logits, for --mask\n"
        "      --rle FILE.json       COCO's compressed run lengths, a record for each object\n"
        "      --routing-csv FILE    what the routers of experts did, a line for each image, "
        "object,\n"
        "                            layer and token, as of `voxpert experts route`; of a folder "
        "one\n"
        "                            file, written at the end, whole after --resume too\n"
        "  -r, --report FILE.json    what --json prints; of a folder .json or .jsonl, a line a "
        "case;\n"
        "                            .csv: a row for each object, with its area and bounds\n"
        "\n"
        "Data sets, with prompts made from their labels:\n"
        "      --data SET            a data set and its options, as `voxpert train` takes it\n"
        "      --part NAME           train, validation, test or all (default) of it\n"
        "      --most N              images, evenly spread; default: all\n"
        "      --simulate HOW        box (default), each object's; clicks:N, on each object, N one "
        "by\n"
        "                            one where the answer is wrong; free, none. A mask for each "
        "case,\n"
        "                            of the set's own values, and report.jsonl with protocol and\n"
        "                            prompts, which --resume goes on from\n"
        "\n"
        "Folders (--output, --overlay and the like are folders then):\n"
        "      --resume              skip cases that the report (default: OUT/report.jsonl) calls\n"
        "                            done with the same inputs\n"
        "      --on-error MODE       skip (default) or stop; exit code 1 if a case failed\n"
        "\n"
        "      --overwrite           replace results that are there; else they are refused\n"
        "\n",
    .print_more = print_everything,
    .rules = segment_rules,
    .run = segment_run,
};

/* One line for each object, for people and for cut(1). */
static void print_objects(const Job *job, const json_t *report) {
    size_t index;
    json_t *object;
    const char *path = job->paths.mask ? job->paths.mask : job->input;
    json_array_foreach(json_object_get(report, "objects"), index, object) {
        const json_t *score = json_object_get(object, job->everything ? "predicted_iou" : "score");
        const char *label = json_string_value(json_object_get(object, "label"));
        printf("%s\tobject %lld\tscore %.4f\t%lld pixels%s%s\n", cli_shown(path),
               (long long)json_integer_value(json_object_get(object, "object")),
               json_number_value(score),
               (long long)json_integer_value(json_object_get(object, "area")), label ? "\t" : "",
               cli_shown(label));
    }
}

static VoxpertStatus one_image(Job *job, Engine *engine, VoxpertError *error) {
    Case c = {.image = job->input,
              .file = job->file,
              .objects = job->everything ? NULL : &job->objects,
              .paths = job->paths};
    json_t *report = NULL;
    if (job->prompts) {
        VoxpertPromptsEntry *entry = voxpert_prompts_find(job->prompts, job->input);
        if (!entry)
            return error_say(error, VOXPERT_BAD_INPUT, "%s: has no entry for %s",
                             voxpert_prompts_name(job->prompts), job->input);
        c.objects = &entry->objects;
        VoxpertStatus slice = voxpert_prompts_slice(job->prompts, entry, &c.file, error);
        if (slice) return slice;
    }
    VoxpertStatus status = c.objects ? job_shows(job, c.objects, error) : VOXPERT_OK;
    if (!status) status = case_run(job, engine, &c, &report, error);
    if (status) return status;
    case_report_machine(report);
    if (job->common.json)
        common_report(&job->common, json_incref(report));
    else if (!job->common.quiet)
        print_objects(job, report);
    json_decref(report);
    return VOXPERT_OK;
}

static int segment_run(int argc, char **argv) {
    Job job = {0};
    Engine engine = {0};
    Options options;
    VoxpertError error = {0};
    VoxpertStatus status = common_begin(&job.common, &options, &verb_segment, segment_rules, false,
                                        argc, argv, &error);
    bool simulated = !status && options_has(&options, "--data");
    if (simulated) status = simulate_run(&job.common, &options, &engine, &error);
    if (!status && !simulated) status = job_from_flags(&job, &options, &error);
    if (!status && !simulated)
        status = job.folder ? folder_run(&job, &engine, &error) : one_image(&job, &engine, &error);
    engine_close(&engine);
    job_free(&job);
    options_free(&options);
    return common_end(&job.common, status, &error);
}

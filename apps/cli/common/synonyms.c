#include "cli/common/synonyms.h"

#include <string.h>

#define NO_GPU                                                                                     \
    "there is no GPU support: voxpert computes on the CPU, on as many cores as --threads says"

static const Synonym flags[] = {
    {"--image", "--input"},
    {"--images", "--input"},
    {"--img", "--input"},
    {"--file", "--input"},
    {"--in", "--input"},
    {"--input-dir", "--input"},
    {"--output", "--out"},
    {"--out", "--output"},
    {"--out-dir", "--out"},
    {"--out-dir", "--output"},
    {"--outdir", "--out"},
    {"--outdir", "--output"},
    {"--output-dir", "--out"},
    {"--output-dir", "--output"},
    {"--bbox", "--box"},
    {"--bboxes", "--box"},
    {"--boxes", "--box"},
    {"--bounding-box", "--box"},
    {"--points", "--point"},
    {"--click", "--point"},
    {"--weights", "--model"},
    {"--checkpoint", "--model"},
    {"--ckpt", "--model"},
    {"--model-path", "--model"},
    {"--sam-checkpoint", "--model"},
    {"--pretrained", "--model"},
    {"--pred", "--predictions"},
    {"--preds", "--predictions"},
    {"--prediction", "--predictions"},
    {"--gt", "--references"},
    {"--ground-truth", "--references"},
    {"--groundtruth", "--references"},
    {"--reference", "--references"},
    {"--ref", "--references"},
    {"--truth", "--references"},
    {"--masks", "--segmentation"},
    {"--mask", "--segmentation"},
    {"--seg", "--segmentation"},
    {"--segmentations", "--segmentation"},
    {"--learning-rate", "--lr"},
    {"--batch-size", "--batch"},
    {"--bs", "--batch"},
    {"--max-steps", "--steps"},
    {"--num-steps", "--steps"},
    {"--iterations", "--steps"},
    {"--iters", "--steps"},
    {"--num-epochs", "--epochs"},
    {"--max-epochs", "--epochs"},
    {"--wd", "--weight-decay"},
    {"--random-seed", "--seed"},
    {"--data-dir", "--data"},
    {"--data-path", "--data"},
    {"--dataset", "--data"},
    {"--val-every", "--validate-every"},
    {"--eval-every", "--validate-every"},
    {"--patience", "--early-stop"},
    {"--num-experts", "--experts"},
    {"--top-k", "--kept"},
    {"--topk", "--kept"},
    {"--license", "--licence"},
    {"--num-threads", "--threads"},
    {"--cores", "--threads"},
    {"--jobs", "--threads"},
    {"--workers", "--threads"},
    {"--num-workers", "--threads"},
    {"--mem", "--max-memory"},
    {"--memory", "--max-memory"},
    {"--silent", "--quiet"},
    {"--debug", "--verbose"},
    {"--text-prompt", "--text"},
    {"--force", "--overwrite", .only_suggest = true},
    {"--replace", "--overwrite", .only_suggest = true},
    {"--continue", "--resume", .only_suggest = true},
    {"--auto", "--everything", .only_suggest = true},
    {"--all", "--everything", .only_suggest = true},
    {"--prompt", "--prompts", .only_suggest = true},
    {"--split", "--part", .only_suggest = true},
    {"--visualize", "--overlay", .only_suggest = true},
    {"--slices", "--slice", .only_suggest = true},
    {"--slices", NULL, "slices of volumes are an option of the data set: --data DIR:slices=N"},
    {"--slice", NULL, "slices of volumes are an option of the data set: --data DIR:slices=N"},
    {"--fold", NULL, "folds are an option of the data set: --data DIR:fold=N"},
    {"--gpu", NULL, NO_GPU},
    {"--gpus", NULL, NO_GPU},
    {"--cuda", NULL, NO_GPU},
    {"--device", NULL, NO_GPU},
};

const Synonym *synonym_of_flag(const char *word, size_t length, const Synonym *last) {
    const Synonym *end = flags + sizeof flags / sizeof *flags;
    for (const Synonym *s = last ? last + 1 : flags; s < end; s++) {
        if (strlen(s->word) == length && strncmp(s->word, word, length) == 0) return s;
    }
    return NULL;
}

static const char *const verbs[][2] = {
    {"predict", "did you mean segment?"},
    {"infer", "did you mean segment?"},
    {"inference", "did you mean segment?"},
    {"run", "did you mean segment?"},
    {"seg", "did you mean segment?"},
    {"fit", "did you mean train?"},
    {"finetune", "did you mean train?"},
    {"fine-tune", "did you mean train?"},
    {"eval", "did you mean evaluate?"},
    {"score", "did you mean evaluate?"},
    {"compare", "did you mean evaluate --compare?"},
    {"measure", "did you mean evaluate?"},
    {"test", "did you mean evaluate?"},
    {"validate", "did you mean check, for a data set, or evaluate, for a model?"},
    {"lint", "did you mean check?"},
    {"encode", "did you mean embed?"},
    {"describe", "did you mean info?"},
    {"show", "did you mean info?"},
    {"inspect", "did you mean info?"},
    {"export", "did you mean convert?"},
    {"prune", "did you mean experts prune?"},
    {"route", "did you mean experts route?"},
    {"models", "any checkpoint of the SAM family is named with --model FILE; without it that is "
               "the built-in model"},
    {"--models", "any checkpoint of the SAM family is named with --model FILE; without it that is "
                 "the built-in model"},
    {"list", "checkpoints are named with --model FILE, and experts list shows the experts of one"},
    {"download",
     "nothing is downloaded: get the checkpoint from its authors, and name it with --model FILE"},
    {"serve", "there is no server; docs/guide/c-library.md says how to write one"},
};

const char *synonym_of_verb(const char *word) {
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i][0], word) == 0) return verbs[i][1];
    }
    return NULL;
}

#include "train/run_memory.h"

#include <stdint.h>
#include <stdio.h>

#include "base/platform.h"

typedef struct Need {
    const char *name;
    size_t bytes;
} Need;

static size_t data_bytes(const Dataset *d) {
    return d->picture_capacity * sizeof *d->picture + d->object_capacity * sizeof *d->object +
           store_resident(&d->store);
}

/* Of the packed embeddings, as much as is in memory. */
static size_t packed_bytes(const Run *r) {
    size_t window = r->data.store.budget / 2, all = 0;
    if (!r->cached) return 0;
    for (size_t i = 0, last = SIZE_MAX; i < r->data.objects; i++) {
        if ((size_t)r->data.object[i].picture == last) continue;
        last = (size_t)r->data.object[i].picture;
        all += (r->views.floats + r->views.block_floats) * sizeof(float);
    }
    return all < window ? all : window;
}

/* What reading left with the process: the images, and what is between them. */
static size_t read_bytes(const Run *r) {
    size_t held = r->read > r->program ? r->read - r->program : 0, counted = data_bytes(&r->data);
    return held > counted ? held : counted;
}

/* Code and the model's file, what was there before the run, stacks, and what threads work in: as
 * far as was measured, the more the larger a step is. */
static size_t program_bytes(const Run *r) {
    const size_t rest = (size_t)1 << 20, step = r->stepper.memory.capacity / 64;
    size_t thread = rest / 2 + step < WORKER_SCRATCH ? rest / 2 + step : WORKER_SCRATCH;
    return system_file_memory() + r->program + rest + (size_t)threads_count(r->threads) * thread;
}

/* Values as they are, and of matrices their packed forms. */
static size_t model_bytes(const Params *p) {
    size_t sum = 0;
    for (size_t i = 0; i < p->count; i++) {
        const Param *q = p->item[i];
        size_t bytes = tensor_bytes(&q->tensor);
        sum += q->tensor.data ? bytes : 0;
        sum += (q->packed ? bytes : 0) + (q->packed_back ? bytes : 0);
    }
    return sum;
}

static size_t batch_bytes(const Run *r) {
    const Batch *b = &r->batch;
    size_t count = (size_t)b->count, images = count / (size_t)b->share;
    size_t area = (size_t)b->side * (size_t)b->side;
    size_t large = (size_t)b->loss_side * (size_t)b->loss_side;
    size_t sum = images * area * 3 * sizeof(float) + count * (area + large * sizeof(float));
    sum += images * (b->floats ? b->floats + b->block_floats : area * 3) * sizeof(float);
    if (b->pseudo_object) sum += count * (area + large * sizeof(float));
    size_t asked = count * (large + (size_t)r->stepper.low_side * (size_t)r->stepper.low_side * 4);
    return sum + (b->pseudo_object ? 2 : 1) * asked;
}

/* At validation an image is there in colours, shown and resized; its logits, their mean, masks. */
enum { SHOWN_PIXEL = 24 };

static size_t largest_image(const Dataset *d) {
    size_t largest = 0;
    for (size_t i = 0; i < d->pictures; i++) {
        size_t pixels = (size_t)d->picture[i].height * (size_t)d->picture[i].width;
        if (pixels > largest) largest = pixels;
    }
    return largest;
}

static bool will_validate(const Run *r) {
    return r->validates && r->options->steps >= r->options->validate_every;
}

/* The model at use: its encoder before the first step; at validation all of it, for the whole image
 * and the crop. */
static Status use_bytes(const Run *r, size_t *bytes, Error *error) {
    static const float box[4] = {0};
    const Prompts one = {.batch = 1, .boxes = 1, .box = box};
    size_t encode, decode;
    *bytes = 0;
    if (!r->cached && !will_validate(r)) return VOXPERT_OK;
    Status status = sam_measure(&r->system.sam, 1, &one, true, &encode, &decode, error);
    if (status) return status;
    size_t views = r->preset.zoom > 0.0 ? 2 : 1;
    size_t whole = views * (encode + decode + SHOWN_PIXEL * largest_image(&r->data));
    *bytes = will_validate(r) ? whole : encode;
    return VOXPERT_OK;
}

enum { NEEDS = 8 };

static void add_table(Text *t, const Need *need, size_t all, const char *before) {
    text_add(t, "%s%.1f MiB: ", before, (double)all / 1048576.0);
    for (int i = 0; i < NEEDS; i++)
        if (i + 1 < NEEDS || need[i].bytes)
            text_add(t, "%s%s %.1f", i ? ", " : "", need[i].name,
                     (double)need[i].bytes / 1048576.0);
}

Status run_check_memory(Run *r, Error *error) {
    const Params *p = &r->system.sam.params;
    size_t use, all = 0, limit = r->options->max_memory;
    size_t step = r->stepper.memory.capacity + r->stepper.records.peak + r->stepper.shared;
    Status status = use_bytes(r, &use, error);
    if (status) return status;
    if (!will_validate(r)) use = use > step ? use - step : 0; /* given back before the first step */
    Need need[NEEDS] = {
        {"program", program_bytes(r)},
        {"images and masks", read_bytes(r)},
        {"model", model_bytes(p)},
        {"gradients and optimizer", r->optimizer.memory.capacity},
        {"batch and embeddings", batch_bytes(r) + packed_bytes(r)},
        {"step", step},
        {will_validate(r) ? "validation" : "encoder", use},
        {"more while reading", 0},
    };
    for (int i = 0; i < NEEDS; i++) all += need[i].bytes;
    size_t before = system_peak_memory();
    if (before > all) need[NEEDS - 1].bytes = before - all, all = before;
    r->needs = all;
    add_table(&r->memory, need, all, "memory    ");
    text_add(&r->memory, "\n");
    if (!limit || all <= limit) return VOXPERT_OK;
    Text t = {0};
    add_table(&t, need, all, "");
    status = error_set(error, VOXPERT_OUT_OF_MEMORY,
                       "the run needs more than the limit of %.1f MiB: %s; a smaller batch needs "
                       "less",
                       (double)limit / 1048576.0, t.chars ? t.chars : "");
    text_free(&t);
    return status;
}

/* exchange.h - prompts, label maps and reports as files and as JSON: what the command line reads
 * and writes, for servers and bindings that speak the same.
 *
 *     VoxpertPrompts *prompts = NULL;                               // {"objects": [{"boxes":
 * ...}]} voxpert_prompts_open_memory(&prompts, json, size, "request", &error); VoxpertPromptsEntry
 * *entry = voxpert_prompts_entry(prompts, 0); voxpert_objects_fit(&entry->objects, image,
 * &warnings, &error); voxpert_objects_check(&entry->objects, image, false, &error);
 *     voxpert_result_open(&result, image->width, image->height, &error);
 *     voxpert_segment_objects(session, &entry->objects, NULL, result, &error);
 *     voxpert_labels_write_memory(file, voxpert_result_labels(result), "mask.png", ...);
 *     voxpert_result_report(&(VoxpertResultReport){.file = file, .result = result}, &json, &error);
 *
 * UNSTABLE: it may change in every minor version (version.h). */
#ifndef VOXPERT_EXCHANGE_H
#define VOXPERT_EXCHANGE_H

#ifndef VOXPERT_UNSTABLE
#error "this header may change in every minor version: define VOXPERT_UNSTABLE to use it"
#endif

#include <voxpert/voxpert.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Slices ----------------------------------------------------------------------------- */

/* A slice as text: AXIS:INDEX, "k:57", or AXIS:INDEX:FRAME, "k:57:3", of a series.  Fills
 * slice_axis, slice, frame and frame_chosen; `options->size` is left as it is.
 * VOXPERT_BAD_ARGUMENT, field "slice": anything else. */
VOXPERT_API VoxpertStatus voxpert_slice_parse(VoxpertFileOptions *options, const char *text,
                                              VoxpertError *error);

/* The same as text, without a frame of 0; "" where no slice is chosen.  Returns `out`. */
VOXPERT_API const char *voxpert_slice_text(char out[40], const VoxpertFileOptions *options);

/* ---- Objects ---------------------------------------------------------------------------- */

/* The largest number and label value of an object. */
#define VOXPERT_OBJECTS_MOST 65535

/* One object that is to be segmented, and its prompts.  Zeroed is an object without prompts; texts
 * and lists belong to the library: set them with the calls below. */
typedef struct VoxpertObject {
    int number;       /* from 1, as reports and messages count */
    int value;        /* of its pixels in the label map, 1 to 65535; 0: voxpert_objects_values
                         chooses */
    char *label;      /* its name in reports; or NULL */
    char *expert;     /* SegMoTE: number or name of the expert; NULL: as the request says */
    char *class_name; /* SegMoTE, prompt-free: the class to query; or NULL */
    VoxpertPoint *points;
    int point_count;
    VoxpertBox box;
    bool has_box;
    char *text;      /* name of the structure, for models that read text; or NULL */
    char *mask_path; /* a mask of the image's size, or .npy: low-res logits of an earlier result; or
                        NULL */
    uint8_t *mask;   /* [height][width], once loaded; one of these two */
    float *low_res;  /* [low_res_side][low_res_side] */
} VoxpertObject;

typedef struct VoxpertObjects {
    VoxpertObject *item; /* [count] */
    int count;
    const char *file; /* the file they stood in, for messages; NULL: they are the caller's own */
} VoxpertObjects;

/* Adds an object at the end; `*out` is valid until the next one is added.  Errors:
 * VOXPERT_BAD_ARGUMENT (more than 65535), VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_objects_add(VoxpertObjects *objects, int number,
                                              VoxpertObject **out, VoxpertError *error);

/* Zeroed is fine. */
VOXPERT_API void voxpert_objects_free(VoxpertObjects *objects);

/* Frees the masks that voxpert_objects_load_masks and _load_logits loaded; the prompts stay. */
VOXPERT_API void voxpert_objects_unload(VoxpertObjects *objects);

typedef enum VoxpertObjectText {
    VOXPERT_OBJECT_LABEL,
    VOXPERT_OBJECT_EXPERT,
    VOXPERT_OBJECT_CLASS,
    VOXPERT_OBJECT_TEXT,
    VOXPERT_OBJECT_MASK
} VoxpertObjectText;

/* Sets a text of an object to a copy.  Errors: VOXPERT_BAD_ARGUMENT (it has one already, the name
 * of a structure holds no letter), VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_object_set(VoxpertObject *object, VoxpertObjectText which,
                                             const char *text, VoxpertError *error);

/* The corners may be in any order until voxpert_objects_fit.  VOXPERT_BAD_ARGUMENT: the object has
 * a box already. */
VOXPERT_API VoxpertStatus voxpert_object_box(VoxpertObject *object, const double xyxy[4],
                                             VoxpertError *error);

/* Errors: VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_object_point(VoxpertObject *object, double x, double y,
                                               bool inside, VoxpertError *error);

/* The prompts of an object as voxpert_segment takes them; they borrow from the object. */
VOXPERT_API VoxpertPrompt voxpert_object_prompt(const VoxpertObject *object);

/* {"objects": [...]} as in a file of prompts, without labels and values.  The caller frees `*json`
 * with voxpert_free.  Errors: VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_objects_json(const VoxpertObjects *objects, char **json,
                                               VoxpertError *error);

/* voxpert_prompt_fit of each.  `*warnings` gets a sentence for each change, with the object's
 * number where there are several; each ends with a newline; the caller frees it with voxpert_free.
 * Errors: VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_objects_fit(VoxpertObjects *objects, const VoxpertImage *image,
                                              char **warnings, VoxpertError *error);

/* voxpert_prompt_check of each, before masks of .npy files are loaded.  `prompt_free`: an object
 * needs no prompt, and may name a class.  VOXPERT_BAD_ARGUMENT; VOXPERT_BAD_INPUT where the objects
 * stood in a file. */
VOXPERT_API VoxpertStatus voxpert_objects_check(const VoxpertObjects *objects,
                                                const VoxpertImage *image, bool prompt_free,
                                                VoxpertError *error);

/* Loads the masks that are images, on the grid of the image; `options` as it was opened with.
 * `*warnings` as of voxpert_objects_fit.  VOXPERT_BAD_INPUT: unreadable, of another size, empty. */
VOXPERT_API VoxpertStatus voxpert_objects_load_masks(VoxpertObjects *objects,
                                                     const VoxpertImageFile *image,
                                                     const VoxpertFileOptions *options,
                                                     char **warnings, VoxpertError *error);

/* Loads the masks that are .npy files: logits [side][side] of the model, or [n][side][side], of
 * which the first are used with a warning.  `side`: voxpert_model_low_res_side.
 * VOXPERT_BAD_INPUT. */
VOXPERT_API VoxpertStatus voxpert_objects_load_logits(VoxpertObjects *objects, int side,
                                                      char **warnings, VoxpertError *error);

/* What the pixels of each object become: `values` [count].  Its own value, else `wanted` if that is
 * not 0; else 255 of a single object, and of several the object's number, or where that is taken
 * the least value that is free.  Errors: VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_objects_values(const VoxpertObjects *objects, int wanted,
                                                 int *values, VoxpertError *error);

/* Puts the file and the object's number before a message about one of its prompts; what is
 * VOXPERT_BAD_ARGUMENT becomes VOXPERT_BAD_INPUT where the objects stood in a file.  Returns the
 * status. */
VOXPERT_API VoxpertStatus voxpert_objects_blame(const VoxpertObjects *objects,
                                                const VoxpertObject *object, VoxpertError *error);

/* ---- Files of prompts ------------------------------------------------------------------- */

/* Prompts of one image or of many:
 *
 *     {"image": "case.png", "objects": [
 *         {"label": "liver", "value": 1, "boxes": [[x0, y0, x1, y1]],
 *          "points": [{"p": [x, y], "positive": true}], "mask": "coarse.png", "text": "liver",
 *          "expert": "2", "class": "liver"}]}
 *
 * One such entry; a list of them; one on each line (.jsonl); {"case.png": {"objects": ...}, ...};
 * or a sheet (.csv, .tsv) with the columns image and x0,y0,x1,y1 of boxes, or x,y,width,height, or
 * x,y,positive of points, and label, value, object, class, expert, text, mask, slice.
 *
 * Coordinates are pixels, x to the right first, then y down ("space": "pixel-xy"; "voxel-ijk" is
 * the same on slices of k).  A box may stand without the list around it, and a point [x, y] is one
 * inside.  "slice": "k:57" takes a slice of a volume, "k:57:3" of its frame 3.  Paths of masks are
 * relative to the file.  A field that is not known is refused: it would be a prompt that does not
 * count, without a word. */
typedef struct VoxpertPrompts VoxpertPrompts;

typedef struct VoxpertPromptsEntry {
    char *image;              /* its name, see voxpert_prompts_confine; NULL: not stated */
    VoxpertFileOptions slice; /* slice_axis, slice, frame, frame_chosen alone; slice_axis 0: none */
    bool voxels;              /* "space": "voxel-ijk" */
    VoxpertObjects objects;
    char *json; /* the entry as it stood in the file, without blanks */
} VoxpertPromptsEntry;

/* Errors: VOXPERT_BAD_INPUT with the file, the entry and the field; VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_prompts_open(VoxpertPrompts **out, const char *path,
                                               VoxpertError *error);

/* The same of `size` bytes, which are only read until the call returns.  `name` stands for the file
 * in messages, and its extension says what the bytes are: .jsonl, .csv or .tsv, else JSON. */
VOXPERT_API VoxpertStatus voxpert_prompts_open_memory(VoxpertPrompts **out, const char *bytes,
                                                      size_t size, const char *name,
                                                      VoxpertError *error);

/* No file: entries are added by the caller. */
VOXPERT_API VoxpertStatus voxpert_prompts_new(VoxpertPrompts **out, VoxpertError *error);

/* Adds an entry without objects for an image; `*out` is valid until the next one is added.  Errors:
 * VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_prompts_add(VoxpertPrompts *prompts, const char *image,
                                              VoxpertPromptsEntry **out, VoxpertError *error);

/* NULL is fine. */
VOXPERT_API void voxpert_prompts_close(VoxpertPrompts *prompts);

/* 0 for NULL. */
VOXPERT_API int voxpert_prompts_count(const VoxpertPrompts *prompts);

/* Entry 0, 1, ...; NULL where there is none. */
VOXPERT_API VoxpertPromptsEntry *voxpert_prompts_entry(VoxpertPrompts *prompts, int index);

/* The entry of an image, whose folder does not count: the one that names it, or the only one if it
 * names none; NULL where there is none. */
VOXPERT_API VoxpertPromptsEntry *voxpert_prompts_find(VoxpertPrompts *prompts, const char *image);

/* The name of the file; NULL where there is none. */
VOXPERT_API const char *voxpert_prompts_name(const VoxpertPrompts *prompts);

/* Sentences about what was odd in the file, each ended by a newline; "" if nothing was. */
VOXPERT_API const char *voxpert_prompts_warnings(const VoxpertPrompts *prompts);

/* Ties a file of prompts to its input, an image or a folder of images.  Images that are named with
 * the folder of `input` lose it; with another folder they are refused.  Masks that lie neither in
 * the folder of the file of prompts nor in that of `input`, symbolic links followed, are refused: a
 * file from elsewhere must not read anything else.  VOXPERT_BAD_INPUT. */
VOXPERT_API VoxpertStatus voxpert_prompts_confine(VoxpertPrompts *prompts, const char *input,
                                                  VoxpertError *error);

/* Puts the slice of an entry, where it names one, into `options`, which may not name another.
 * VOXPERT_BAD_ARGUMENT, field "slice"; VOXPERT_BAD_INPUT where "voxel-ijk" would be of other axes.
 */
VOXPERT_API VoxpertStatus voxpert_prompts_slice(const VoxpertPrompts *prompts,
                                                const VoxpertPromptsEntry *entry,
                                                VoxpertFileOptions *options, VoxpertError *error);

/* ---- Results ---------------------------------------------------------------------------- */

/* The masks of one image, composed into one label map, with a record of each object.  Where objects
 * overlap the larger logit wins, ties go to the earlier one; of everything mode the smaller one is
 * on top. */
typedef struct VoxpertResult VoxpertResult;

/* Errors: VOXPERT_BAD_ARGUMENT (no pixels), VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_result_open(VoxpertResult **out, int width, int height,
                                              VoxpertError *error);
VOXPERT_API void voxpert_result_close(VoxpertResult *result); /* NULL is fine */

/* Adds the best mask of an object, cleaned up (`cleanup` NULL: not), as `value`.  The masks must
 * have logits and the size of the result.  Errors: VOXPERT_BAD_ARGUMENT, VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_result_add(VoxpertResult *result, const VoxpertObject *object,
                                             int value, const VoxpertMasks *masks,
                                             const VoxpertCleanup *cleanup, VoxpertError *error);

/* Adds what everything mode found, as 1, 2, ... from the largest to the smallest; at most 65535.
 * Errors: VOXPERT_BAD_ARGUMENT, VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_result_add_found(VoxpertResult *result, const VoxpertFound *found,
                                                   size_t count, VoxpertError *error);

/* [height][width], valid until the result is closed. */
VOXPERT_API const uint16_t *voxpert_result_labels(const VoxpertResult *result);

/* Seconds of all masks that were added, and whether any embedding came from a cache. */
VOXPERT_API double voxpert_result_encode_seconds(const VoxpertResult *result);
VOXPERT_API double voxpert_result_decode_seconds(const VoxpertResult *result);
VOXPERT_API bool voxpert_result_cached(const VoxpertResult *result);

/* Sentences about objects whose mask is empty, each ended by a newline; "" where there is none. */
VOXPERT_API const char *voxpert_result_warnings(const VoxpertResult *result);

/* The records as a JSON array, one for each object, in the order in which they were added: object,
 * value, score, area (pixels), bbox (x, y, width, height), segmentation (COCO's run lengths),
 * crop_box, label, routing, candidates; of everything mode those of the published generator.  The
 * caller frees `*json` with voxpert_free.  Errors: VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_result_objects(const VoxpertResult *result, char **json,
                                                 VoxpertError *error);

/* ---- From prompts to a result ----------------------------------------------------------- */

/* The expert and the class that an object names, over those of `options`.  VOXPERT_BAD_ARGUMENT, or
 * VOXPERT_BAD_INPUT where the objects stood in a file: the model has none of that name. */
VOXPERT_API VoxpertStatus voxpert_object_options(const VoxpertModel *model,
                                                 const VoxpertObjects *objects,
                                                 const VoxpertObject *object,
                                                 VoxpertSegmentOptions *options,
                                                 VoxpertError *error);

/* Called after each object with its place in the list and all of its masks, which are freed when it
 * returns; what it returns ends the call if it is not VOXPERT_OK. */
typedef VoxpertStatus VoxpertObjectDone(void *context, int index, const VoxpertMasks *masks,
                                        VoxpertError *error);

/* Zero in any field: none, or the default. */
typedef struct VoxpertRequest {
    VoxpertSegmentOptions segment; /* of every object; an object's expert and class come over it,
                                      and masks are logits */
    VoxpertCleanup cleanup;
    int value; /* of objects without one of their own */
    VoxpertObjectDone *done;
    void *context;
} VoxpertRequest;

/* Segments each object of the session's image and adds it to the result.  `request` may be NULL.
 * Errors: those of voxpert_segment; VOXPERT_BAD_INPUT where the objects' file names an expert or a
 * class that the model does not have. */
VOXPERT_API VoxpertStatus voxpert_segment_objects(VoxpertSession *session,
                                                  const VoxpertObjects *objects,
                                                  const VoxpertRequest *request,
                                                  VoxpertResult *result, VoxpertError *error);

/* ---- Reports ---------------------------------------------------------------------------- */

/* What a report is made of; a field that is NULL or 0 is left out. */
typedef struct VoxpertResultReport {
    const VoxpertImageFile *file;      /* needed */
    const char *name;                  /* of the image */
    const VoxpertFileOptions *options; /* that it was opened with, for the slice */
    const VoxpertResult *result;       /* needed */
    const char *const *outputs; /* [2 * output_count]: a word, "mask", and the path or address */
    int output_count;
    const char *warnings; /* sentences, each ended by a newline */
    const VoxpertObjects *prompts;
    const VoxpertModel *model;
} VoxpertResultReport;

/* One JSON object: status ("done"), version, image (file, sha256, width, height, slice),
 * coordinates, objects (voxpert_result_objects), outputs, warnings, prompts (voxpert_objects_json),
 * model (voxpert_report_model).  The caller frees `*json` with voxpert_free.  Errors:
 * VOXPERT_BAD_ARGUMENT, VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_result_report(const VoxpertResultReport *report, char **json,
                                                VoxpertError *error);

/* What a report states of a model: file, arch, preset, identity, configuration_sha256, licence and
 * kernels, as voxpert_model_describe has them.  The caller frees `*json` with voxpert_free. Errors:
 * VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_report_model(const VoxpertModel *model, char **json,
                                               VoxpertError *error);

/* What the routers did for an object: chosen_token, the mean entropy, and of each layer and token
 * logits (null: disabled), gates, confidence and entropy.  The caller frees `*json` with
 * voxpert_free.  Errors: VOXPERT_BAD_ARGUMENT (no routing), VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_routing_json(const VoxpertRouting *routing, char **json,
                                               VoxpertError *error);

#ifdef __cplusplus
}
#endif

#endif

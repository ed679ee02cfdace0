/* shared_model - one model, loaded once, and a thread for each image with a session of its own.
 *
 *     shared_model MODEL scan1.png scan2.png ...
 *
 * MODEL may be "-": the model that is built into the library.  Each image is asked for the object
 * in its middle. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <voxpert/voxpert.h>

enum { THREADS_MAX = 64 };

typedef struct Task {
    pthread_t thread;
    VoxpertModel *model; /* shared: read-only once it is open */
    const char *path;
    VoxpertStatus status;
    VoxpertError error;
    float overlap;
} Task;

static VoxpertStatus ask_for_middle(Task *t, VoxpertSession *session, const VoxpertImage *image) {
    const VoxpertPoint middle = {
        .x = (float)(image->width / 2), .y = (float)(image->height / 2), .inside = 1};
    const VoxpertPrompt prompt = {.points = &middle, .point_count = 1};
    VoxpertMasks masks = {0};
    VoxpertStatus status = voxpert_set_image(session, image, &t->error);
    if (!status) status = voxpert_segment(session, &prompt, NULL, &masks, &t->error);
    if (!status) t->overlap = masks.iou[0];
    voxpert_masks_free(&masks);
    return status;
}

static void *work(void *task) {
    Task *t = task;
    VoxpertImageFile *file = NULL;
    VoxpertSession *session = NULL; /* this thread's own */
    t->status = voxpert_image_file_open(&file, t->path, NULL, &t->error);
    if (!t->status) t->status = voxpert_session_open(&session, t->model, &t->error);
    if (!t->status) t->status = ask_for_middle(t, session, voxpert_image_file_image(file));
    voxpert_session_close(session);
    voxpert_image_file_close(file);
    return NULL;
}

int main(int argc, char **argv) {
    static Task tasks[THREADS_MAX];
    int count = argc - 2;
    VoxpertModel *model = NULL;
    VoxpertError error;
    if (count < 1 || count > THREADS_MAX) {
        fprintf(stderr, "usage: %s MODEL IMAGE...  (up to %d)\n", argv[0], THREADS_MAX);
        return VOXPERT_BAD_ARGUMENT;
    }
    const char *path = strcmp(argv[1], "-") == 0 ? NULL : argv[1];
    VoxpertStatus status = voxpert_model_open(&model, path, NULL, &error);
    if (status) {
        fprintf(stderr, "%s\n", error.message);
        return (int)status;
    }
    int started = 0;
    for (; started < count; started++) {
        tasks[started] = (Task){.model = model, .path = argv[started + 2]};
        if (pthread_create(&tasks[started].thread, NULL, work, &tasks[started]) != 0) break;
    }
    for (int i = 0; i < started; i++) {
        pthread_join(tasks[i].thread, NULL);
        if (tasks[i].status)
            fprintf(stderr, "%s\n", tasks[i].error.message);
        else
            printf("%s: predicted overlap %.4f\n", tasks[i].path, (double)tasks[i].overlap);
        if (tasks[i].status) status = VOXPERT_SOME_FAILED;
    }
    voxpert_model_close(model); /* after its last session */
    return started < count ? VOXPERT_SOME_FAILED : (int)status;
}

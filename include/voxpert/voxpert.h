/* voxpert.h - segment medical images with models of the SAM family.
 *
 *     VoxpertModel *model = NULL;
 *     VoxpertSession *session = NULL;
 *     VoxpertError error;
 *     if (voxpert_model_open(&model, NULL, NULL, &error)) goto report;      // the built-in model
 *     if (voxpert_session_open(&session, model, &error)) goto report;
 *     if (voxpert_set_image(session, &image, &error)) goto report;          // once per image
 *     if (voxpert_segment(session, &prompt, NULL, &masks, &error)) goto report; // often, fast
 *
 * A model is read-only once open: any number of threads may share it.  A session belongs to one
 * thread at a time and must be closed before its model.  Nothing is printed, nothing exits, no
 * network is used. */
#ifndef VOXPERT_H
#define VOXPERT_H

#include <voxpert/error.h>
#include <voxpert/file.h>
#include <voxpert/image.h>
#include <voxpert/mask.h>
#include <voxpert/model.h>
#include <voxpert/options.h>
#include <voxpert/prompt.h>
#include <voxpert/session.h>
#include <voxpert/text.h>
#include <voxpert/version.h>

#endif

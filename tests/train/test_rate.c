/* The learning rate by steps and by epochs. */
#include <math.h>

#include "tests/check.h"
#include "tests/train/tiny.h"
#include "train/recipe.h"

TEST(the_learning_rate_warms_up_and_comes_down) {
    TrainOptions o = train_options_default();
    o.optimizer.lr = 1.0, o.steps = 100, o.warm_up = 10.0, o.lr_end = 0.1;
    CHECK(fabs(train_rate(&o, 1, 0) - 0.1) < 1e-12 && fabs(train_rate(&o, 1, 9) - 1.0) < 1e-12);
    CHECK(fabs(train_rate(&o, 1, 55) - 0.55) < 1e-12);
    CHECK(fabs(train_rate(&o, 1, 100) - 0.1) < 1e-12);
    o.schedule = SCHEDULE_STEP, o.drops[0] = 50, o.drops[1] = 80, o.drop_by = 0.5;
    CHECK(fabs(train_rate(&o, 1, 49) - 1.0) < 1e-12 && fabs(train_rate(&o, 1, 50) - 0.5) < 1e-12);
    CHECK(fabs(train_rate(&o, 1, 90) - 0.25) < 1e-12);
}

/* PyTorch's LinearLR(0.1, 1, 5), one step of it after each epoch. */
TEST(a_linear_rate_climbs_by_epochs) {
    TrainOptions o = train_options_default();
    o.optimizer.lr = 1.0, o.schedule = SCHEDULE_LINEAR, o.warm_up = 7.0;
    CHECK(fabs(train_rate(&o, 30, 0) - 0.1) < 1e-12 && fabs(train_rate(&o, 30, 29) - 0.1) < 1e-12);
    CHECK(fabs(train_rate(&o, 30, 30) - 0.28) < 1e-12);
    CHECK(fabs(train_rate(&o, 30, 149) - 0.82) < 1e-12);
    CHECK(fabs(train_rate(&o, 30, 150) - 1.0) < 1e-12);
    CHECK(fabs(train_rate(&o, 30, 9999) - 1.0) < 1e-12);
}

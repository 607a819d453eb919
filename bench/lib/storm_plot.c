#include "lib/storm_plot.h"

#include <stdio.h>

#define WIDTH  800.0
#define HEIGHT 260.0
#define LEFT   70.0
#define TOP    40.0
#define STEP   (WIDTH / STORM_COLUMNS)

void storm_column_add(struct storm_column *c, uint64_t ns)
{
    latency_add(&c->latency, ns);
}

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

/* Latencies: the largest of all is the height. */
static double scale_of(const struct storm_column *column, unsigned *due)
{
    double most = 1e-3;
    *due = 1;
    for (unsigned i = 0; i < STORM_COLUMNS; i++) {
        if (ms(column[i].latency.max) > most) {
            most = ms(column[i].latency.max);
        }
        if (column[i].due > *due) {
            *due = column[i].due;
        }
    }
    return most;
}

static double x_of(unsigned i)
{
    return LEFT + (i + 0.5) * STEP;
}

static double y_of(double part)
{
    return TOP + HEIGHT * (1 - part);
}

static void bars(FILE *f, const struct storm_column *column, unsigned most)
{
    for (unsigned i = 0; i < STORM_COLUMNS; i++) {
        double h = HEIGHT * column[i].due / most;
        fprintf(f,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#ccd8e8\"/>\n",
                LEFT + i * STEP, TOP + HEIGHT - h, STEP - 1, h);
    }
}

static void line(FILE *f, const struct storm_column *column, double q, double most,
                 const char *colour)
{
    fprintf(f, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"", colour);
    for (unsigned i = 0; i < STORM_COLUMNS; i++) {
        if (column[i].latency.n > 0) {
            double v = ms(latency_quantile(&column[i].latency, q));
            fprintf(f, "%.1f,%.1f ", x_of(i), y_of(v / most));
        }
    }
    fprintf(f, "\"/>\n");
}

static void axes(FILE *f, double most, unsigned due, unsigned seconds)
{
    fprintf(f, "<path d=\"M%.1f %.1fV%.1fH%.1f\" fill=\"none\" stroke=\"#444\"/>\n", LEFT, TOP,
            TOP + HEIGHT, LEFT + WIDTH);
    fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%.3g ms</text>\n", LEFT - 6,
            TOP + 5, most);
    fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">0</text>\n", LEFT - 6,
            TOP + HEIGHT);
    fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%u s</text>\n", LEFT + WIDTH,
            TOP + HEIGHT + 18, seconds);
    fprintf(f,
            "<text x=\"%.1f\" y=\"20\">AIR and ULR of each device, from when it was due: "
            "<tspan fill=\"#1f6f3f\">median</tspan>, <tspan fill=\"#c07000\">p99</tspan>, "
            "<tspan fill=\"#b02020\">slowest</tspan>; bars: devices due (most: %.0f a second)"
            "</text>\n",
            LEFT, (double)due * STORM_COLUMNS / seconds);
}

bool storm_plot(const char *path, const struct storm_column column[STORM_COLUMNS], unsigned seconds)
{
    unsigned due;
    double most = scale_of(column, &due);
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        return false;
    }
    fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 340\" "
               "font-family=\"sans-serif\" font-size=\"12\">\n"
               "<rect width=\"900\" height=\"340\" fill=\"#fff\"/>\n");
    bars(f, column, due);
    line(f, column, 1, most, "#b02020");
    line(f, column, 0.99, most, "#c07000");
    line(f, column, 0.5, most, "#1f6f3f");
    axes(f, most, due, seconds);
    fprintf(f, "</svg>\n");
    return fclose(f) == 0;
}

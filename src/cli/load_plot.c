#include "cli/load_plot.h"
#include <inttypes.h>
#include <string.h>

enum { WIDTH = 960, HEIGHT = 640, LEFT = 84, RIGHT = 150, TOP = 76, UPPER = 270, GAP = 56 };
enum { LOWER = 150, PLOT = WIDTH - LEFT - RIGHT };

/* One panel: its place and the scale of its axis. */
struct panel {
    FILE *to;
    int top, height;
    bool logarithmic;
    double low, high; /* of the axis */
};
static const struct {
    const char *name, *colour;
    double q;
} curves[] = {{"p50", "#1a7f37", 0.5},
              {"p95", "#0969da", 0.95},
              {"p99", "#bf5700", 0.99},
              {"max", "#8b949e", 1}};
#define CURVES (sizeof curves / sizeof curves[0])
static const char *const rate_names[] = {"offered", "succeeded", "failed"};
static const char *const rate_colours[] = {"#8b949e", "#1a7f37", "#cf222e"};

/* XML 1.0 knows no control characters; all but ASCII is not expected here. */
static void put_text(FILE *to, const char *s)
{
    for (; *s; s++) {
        if (*s == '<') {
            fputs("&lt;", to);
        } else if (*s == '>') {
            fputs("&gt;", to);
        } else if (*s == '&') {
            fputs("&amp;", to);
        } else {
            fputc(*s >= ' ' && *s <= '~' ? *s : '?', to);
        }
    }
}

static double y_of(const struct panel *p, double v)
{
    double part = p->logarithmic
                      ? load_ln((v > p->low ? v : p->low) / p->low) / load_ln(p->high / p->low)
                      : (v - p->low) / (p->high - p->low);
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    return p->top + p->height * (1 - part);
}

static double x_of(double part)
{
    return LEFT + PLOT * part;
}

static double middle(size_t column)
{
    return x_of(((double)column + 0.5) / LOAD_COLUMNS);
}

/* ---- axes ---- */

static void grid(const struct panel *p, double v, const char *text)
{
    double y = y_of(p, v);
    fprintf(p->to, "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>\n", LEFT, y,
            LEFT + PLOT, y);
    fprintf(p->to, "<text class=\"end\" x=\"%d\" y=\"%.1f\">%s</text>\n", LEFT - 8, y + 4, text);
}

/* 1, 2 or 5 times a power of ten: the smallest that is not below v. */
static double round_up(double v)
{
    static const double steps[] = {1, 2, 5};
    double power = 1e-9;
    int i = 0;
    while (i < 81 && steps[i % 3] * power < v) {
        i++;
        power *= i % 3 == 0 ? 10 : 1;
    }
    return steps[i % 3] * power;
}

static void frame(const struct panel *p, const char *unit)
{
    fprintf(p->to,
            "<rect class=\"frame\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n"
            "<text class=\"unit\" transform=\"translate(20 %d) rotate(-90)\">%s</text>\n",
            LEFT, p->top, PLOT, p->height, p->top + p->height / 2, unit);
}

static void grid_of_decades(const struct panel *p)
{
    char text[32];
    double v = p->low;
    while (v <= p->high * 1.0001) {
        snprintf(text, sizeof text, "%g", v);
        grid(p, v, text);
        v *= 10;
    }
}

static void grid_of_steps(const struct panel *p)
{
    char text[32];
    double step = round_up(p->high / 5);
    for (int i = 0; i * step <= p->high * 1.0001; i++) {
        snprintf(text, sizeof text, "%.10g", i * step);
        grid(p, i * step, text);
    }
}

static void time_axis(FILE *to, double seconds, int bottom)
{
    double step = round_up(seconds / 10);
    for (int i = 0; i * step <= seconds * 1.0001; i++) {
        double t = i * step, x = x_of(t / seconds);
        fprintf(to,
                "<line class=\"tick\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n"
                "<text class=\"mid\" x=\"%.1f\" y=\"%d\">%g</text>\n",
                x, bottom, x, bottom + 5, x, bottom + 20, t);
    }
    fprintf(to, "<text class=\"mid\" x=\"%d\" y=\"%d\">seconds, by when requests were due</text>\n",
            LEFT + PLOT / 2, bottom + 42);
}

static void legend(const struct panel *p, int row, const char *colour, const char *name)
{
    int y = p->top + 14 + 20 * row;
    fprintf(p->to,
            "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"3\"/>\n"
            "<text x=\"%d\" y=\"%d\">%s</text>\n",
            LEFT + PLOT + 16, y, LEFT + PLOT + 40, y, colour, LEFT + PLOT + 48, y + 4, name);
}

/* ---- latency ---- */

static double quantile_ms(const struct load_column *c, double q)
{
    return (double)load_histogram_quantile(&c->latency, q) / 1e6;
}

/* A curve is broken where nothing succeeded. */
static void curve(const struct panel *p, const struct load_counts *c, size_t which)
{
    bool drawing = false;
    fprintf(p->to, "<path class=\"curve\" stroke=\"%s\" d=\"M%d %d", curves[which].colour, LEFT,
            p->top + p->height);
    for (size_t i = 0; i < LOAD_COLUMNS; i++) {
        const struct load_column *column = &c->column[i];
        if (column->latency.n > 0) {
            fprintf(p->to, "%s%.1f %.1f", drawing ? "L" : "M", middle(i),
                    y_of(p, quantile_ms(column, curves[which].q)));
        }
        drawing = column->latency.n > 0;
    }
    fputs("\"/>\n", p->to);
}

static void draw_latency(FILE *to, const struct load_counts *c)
{
    struct panel p = {to, TOP, UPPER, true, 1e9, 0};
    for (size_t i = 0; i < LOAD_COLUMNS; i++) {
        if (c->column[i].latency.n > 0) {
            double low = quantile_ms(&c->column[i], 0.5), high = quantile_ms(&c->column[i], 1);
            p.low = low < p.low ? low : p.low;
            p.high = high > p.high ? high : p.high;
        }
    }
    double floor = 1e-3;
    while (floor * 10 < p.low && floor < 1e3) {
        floor *= 10;
    }
    p.low = floor;
    double top = floor * 10;
    while (top < p.high) {
        top *= 10;
    }
    p.high = top;
    frame(&p, "latency, milliseconds");
    grid_of_decades(&p);
    for (size_t i = CURVES; i-- > 0;) {
        curve(&p, c, i);
        legend(&p, (int)i, curves[i].colour, curves[i].name);
    }
}

/* ---- rates ---- */

static uint64_t rate_value(const struct load_column *c, int which)
{
    return which == 0 ? c->offered : which == 1 ? c->succeeded : c->failed;
}

static void draw_rates(FILE *to, const struct load_counts *c, double seconds)
{
    double width = seconds / LOAD_COLUMNS, high = 1;
    for (size_t i = 0; i < LOAD_COLUMNS; i++) {
        double v = (double)c->column[i].offered / width;
        high = v > high ? v : high;
    }
    double step = round_up(high / 5);
    struct panel p = {to, TOP + UPPER + GAP, LOWER, false, 0, step};
    while (p.high < high) {
        p.high += step;
    }
    frame(&p, "requests per second");
    grid_of_steps(&p);
    for (int k = 0; k < 3; k++) {
        fprintf(to, "<path class=\"curve\" stroke=\"%s\" d=\"", rate_colours[k]);
        for (size_t i = 0; i < LOAD_COLUMNS; i++) {
            fprintf(to, "%s%.1f %.1f", i > 0 ? "L" : "M", middle(i),
                    y_of(&p, (double)rate_value(&c->column[i], k) / width));
        }
        fputs("\"/>\n", to);
        legend(&p, k, rate_colours[k], rate_names[k]);
    }
    time_axis(to, seconds, p.top + p.height);
}

/* ---- the picture ---- */

static void heading(FILE *to, const struct load_counts *c, const struct load_plan *p)
{
    char what[256];
    load_describe(p, what, sizeof what);
    fputs("<text class=\"title\" x=\"16\" y=\"30\">S6a load: ", to);
    put_text(to, what);
    fprintf(to,
            "</text>\n<text x=\"16\" y=\"54\">%" PRIu64 " succeeded (%.0f/s), %" PRIu64
            " failed; p50 %.3f, p95 %.3f, p99 %.3f, p99.9 %.3f, max %.3f ms from when they were "
            "due</text>\n",
            c->succeeded, load_achieved(c, p), c->failed,
            (double)load_histogram_quantile(&c->latency, 0.5) / 1e6,
            (double)load_histogram_quantile(&c->latency, 0.95) / 1e6,
            (double)load_histogram_quantile(&c->latency, 0.99) / 1e6,
            (double)load_histogram_quantile(&c->latency, 0.999) / 1e6,
            (double)c->latency.max / 1e6);
}

void load_plot(const struct load_counts *c, const struct load_plan *p, FILE *to)
{
    fprintf(to,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\">\n"
            "<style>\n"
            "text { font: 13px sans-serif; fill: #24292f }\n"
            ".title { font-size: 15px; font-weight: bold }\n"
            ".end { text-anchor: end }\n"
            ".mid, .unit { text-anchor: middle }\n"
            ".grid { stroke: #d8dee4 }\n"
            ".tick { stroke: #57606a }\n"
            ".frame { fill: none; stroke: #57606a }\n"
            ".curve { fill: none; stroke-width: 1.6; stroke-linejoin: round }\n"
            "</style>\n"
            "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
    heading(to, c, p);
    draw_latency(to, c);
    draw_rates(to, c, (double)p->duration_ns / 1e9);
    fputs("</svg>\n", to);
}

// What the charts are drawn with. A slot is a place for one window on the time axis: { at, window }, `at` in seconds since 1970; a slot
// may have no window. A window that is still open is drawn hatched or dashed: its counts may rise.

const HATCH = 5;

export const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function hatched(context, colour) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = HATCH * 2;
  const pen = tile.getContext("2d");
  pen.globalAlpha = 0.3;
  pen.fillStyle = colour;
  pen.fillRect(0, 0, tile.width, tile.height);
  pen.globalAlpha = 1;
  pen.strokeStyle = colour;
  pen.lineWidth = 2.5;
  for (const shift of [-HATCH * 2, 0, HATCH * 2]) {
    pen.moveTo(shift, HATCH * 2);
    pen.lineTo(shift + HATCH * 2, 0);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat");
}

function clipped(chart, draw) {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx, bbox);
  ctx.restore();
}

// Stacked columns: `layers` are [field, colour variable] from the bottom up.
export function drawColumns(chart, slots, step, layers) {
  const width = Math.abs(chart.valToPos(step, "x", true) - chart.valToPos(0, "x", true));
  const gap = width > 8 ? 2 * devicePixelRatio : width > 3 ? 1 : 0;
  clipped(chart, (ctx) => {
    for (const [field, variable] of layers) {
      const colour = ink(variable);
      const open = hatched(ctx, colour);
      for (const slot of slots) {
        if (!slot.window?.[field]) continue;
        const below = layers.slice(0, layers.findIndex(([name]) => name === field)).reduce((sum, [name]) => sum + slot.window[name], 0);
        const left = chart.valToPos(slot.at, "x", true);
        const bottom = chart.valToPos(below, "y", true);
        const top = chart.valToPos(below + slot.window[field], "y", true);
        ctx.fillStyle = slot.window.final ? colour : open;
        ctx.fillRect(left + gap / 2, top, Math.max(1, width - gap), bottom - top);
      }
    }
  });
}

// One line from the middle of each window to the next; where nothing is known for longer than `bridge` seconds it has a gap.
export function drawLine(chart, slots, step, field, variable, width = 2, bridge = step) {
  const place = (slot) => [chart.valToPos(slot.at + step / 2, "x", true), chart.valToPos(slot.window[field], "y", true)];
  const known = (slot) => slot?.window && slot.window[field] !== null;
  const { ctx } = chart;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = ink(variable);
  ctx.lineWidth = width * devicePixelRatio;
  ctx.lineJoin = "round";
  const points = slots.filter(known);
  const near = (slot, other) => other !== undefined && Math.abs(other.at - slot.at) <= bridge;
  points.forEach((slot, index) => {
    const before = points[index - 1];
    ctx.beginPath();
    if (near(slot, before)) {
      ctx.setLineDash(slot.window.final ? [] : [3 * devicePixelRatio, 3 * devicePixelRatio]);
      ctx.moveTo(...place(before));
      ctx.lineTo(...place(slot));
      ctx.stroke();
    }
    if (!near(slot, before) && !near(slot, points[index + 1])) {
      ctx.arc(...place(slot), (width + 0.5) * devicePixelRatio, 0, 7);
      ctx.fill();
    }
  });
  ctx.restore();
}

// Alerts: a bar on the time axis for each, and over the curve of the measure that it is about, its span.
// `marks` are { from, to, about } in seconds; `about` tells whether this chart is of that measure.
export function drawAlerts(chart, marks) {
  clipped(chart, (ctx, bbox) => {
    ctx.fillStyle = ink("--alert");
    for (const { from, to, about } of marks) {
      const left = chart.valToPos(from, "x", true);
      const width = Math.max(3 * devicePixelRatio, chart.valToPos(to, "x", true) - left);
      const foot = 5 * devicePixelRatio;
      if (about) {
        ctx.globalAlpha = 0.16;
        ctx.fillRect(left, bbox.top, width, bbox.height);
        ctx.globalAlpha = 1;
        ctx.fillRect(left, bbox.top, width, 3 * devicePixelRatio);
      }
      ctx.fillRect(left, bbox.top + bbox.height - foot, width, foot);
    }
  });
}

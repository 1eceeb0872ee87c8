// What is drawn over the points: names of clusters, and rings and lines around the tracks that matter just now.

const GAP = 6;

export class Marks {
  #pen;
  #style;

  constructor(canvas) {
    this.#pen = canvas.getContext("2d");
    this.#style = getComputedStyle(canvas);
  }

  /** `labels`: [{text, at, tone}], the greatest cluster first; `chosen`: {at, near} in steps, or null; `pointed`: a place. */
  draw(camera, { labels, chosen, pointed, size, density }) {
    const pen = this.#pen;
    pen.setTransform(density, 0, 0, density, 0, 0);
    pen.clearRect(0, 0, camera.width, camera.height);
    [this.ink, this.paper] = ["--ink", "--surface"].map((name) => this.#style.getPropertyValue(name));
    if (chosen) this.#drawChosen(camera, chosen, size);
    if (pointed) this.#ring(camera.toScreen(...pointed), size / 2 + 4, 2);
    this.#drawLabels(camera, labels);
  }

  #drawChosen(camera, { at, near }, size) {
    const pen = this.#pen;
    const from = camera.toScreen(...at);
    pen.strokeStyle = this.ink;
    pen.lineWidth = 1;
    pen.globalAlpha = 0.55;
    pen.beginPath();
    for (const place of near) {
      pen.moveTo(...from);
      pen.lineTo(...camera.toScreen(...place));
    }
    pen.stroke();
    pen.globalAlpha = 1;
    for (const place of near) this.#ring(camera.toScreen(...place), size / 2 + 1.5, 1.25);
    this.#ring(from, size / 2 + 5, 3);
  }

  #ring([x, y], radius, width) {
    const pen = this.#pen;
    for (const [colour, wide] of [[this.paper, width + 1.5], [this.ink, width]]) {
      [pen.strokeStyle, pen.lineWidth] = [colour, wide];
      pen.beginPath();
      pen.arc(x, y, radius, 0, 2 * Math.PI);
      pen.stroke();
    }
  }

  #drawLabels(camera, labels) {
    const pen = this.#pen;
    pen.font = `600 13px ${this.#style.fontFamily}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    const taken = [];
    for (const { text, at } of labels) {
      const [middle, y] = camera.toScreen(...at);
      const half = pen.measureText(text).width / 2 + GAP;
      const isInView = middle > 0 && middle < camera.width && 2 * half < camera.width;
      const x = isInView ? Math.max(half, Math.min(middle, camera.width - half)) : middle;
      const box = { left: x - half, right: x + half, top: y - 10 - GAP / 2, bottom: y + 10 + GAP / 2 };
      if (!isInView || taken.some((other) => overlap(box, other))) continue;
      taken.push(box);
      [pen.strokeStyle, pen.lineWidth] = [this.paper, 4];
      pen.strokeText(text, x, y);
      pen.fillStyle = this.ink;
      pen.fillText(text, x, y);
    }
  }
}

function overlap(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

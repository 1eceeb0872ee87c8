// Draws all tracks as points, by WebGL 2: one call, whatever their number.

const VERTEX = `#version 300 es
in vec2 place;
in float cluster;
uniform vec2 middle;
uniform vec2 zoom;
uniform float size;
uniform float only;
uniform vec3 tones[64];
out vec4 tone;
void main() {
  gl_Position = vec4((place - middle) * zoom, 0, 1);
  gl_PointSize = size;
  bool isDim = only >= 0. && cluster != only;
  tone = vec4(tones[int(cluster) % 64], isDim ? .1 : .85);
}`;
const FRAGMENT = `#version 300 es
precision highp float;
in vec4 tone;
uniform float size;
out vec4 colour;
void main() {
  float rim = 1. - smoothstep(1. - 2. / size, 1., 2. * length(gl_PointCoord - .5));
  colour = vec4(tone.rgb, 1) * tone.a * rim;
}`;
const TONES = 64;
const PRIME = 2_654_435_761;

export class Points {
  #gl;
  #uniforms = {};
  #field;

  /** Null where the browser has no WebGL 2. */
  static on(canvas, field) {
    const gl = canvas.getContext("webgl2", { antialias: false, powerPreference: "low-power" });
    return gl ? new Points(gl, field) : null;
  }

  constructor(gl, field) {
    this.#gl = gl;
    this.#field = field;
    this.#prepare();
    gl.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    gl.canvas.addEventListener("webglcontextrestored", () => this.#prepare());
  }

  /** `share`: of all points, evenly spread over them, since their order has no pattern. */
  draw(camera, { size, only, tones, density, share }) {
    const gl = this.#gl;
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(this.#uniforms.middle, camera.x, camera.y);
    gl.uniform2f(this.#uniforms.zoom, (2 * camera.scale) / camera.width, (2 * camera.scale) / camera.height);
    gl.uniform1f(this.#uniforms.size, size * density);
    gl.uniform1f(this.#uniforms.only, only);
    gl.uniform3fv(this.#uniforms.tones, tones);
    gl.drawElements(gl.POINTS, Math.ceil(this.#field.length * share), gl.UNSIGNED_INT, 0);
  }

  free() {
    this.#gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #prepare() {
    const gl = this.#gl;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(gl.getProgramInfoLog(program));
    }
    gl.useProgram(program);
    for (const name of ["middle", "zoom", "size", "only", "tones"]) {
      this.#uniforms[name] = gl.getUniformLocation(program, name);
    }
    this.#fill(gl.getAttribLocation(program, "place"), 2, this.#field.places);
    this.#fill(gl.getAttribLocation(program, "cluster"), 1, this.#field.clusterOf);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, mixed(this.#field.length), gl.STATIC_DRAW);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  #fill(attribute, width, values) {
    const gl = this.#gl;
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(attribute);
    gl.vertexAttribPointer(attribute, width, gl.UNSIGNED_SHORT, false, 0, 0);
  }
}

/** The tones of clusters as the shader takes them, one after the other. */
export function packTones(tones) {
  return Float32Array.from({ length: 3 * TONES }, (_, at) => (tones[Math.floor(at / 3)]?.[at % 3] ?? 128) / 255);
}

/** All indices in an order without a pattern: else the last cluster would lie over all others. */
function mixed(length) {
  const keys = Float64Array.from({ length }, (_, index) => (((index * PRIME) % 2 ** 32) * 2 ** 20 + index));
  return Uint32Array.from(keys.sort(), (key) => key % 2 ** 20);
}

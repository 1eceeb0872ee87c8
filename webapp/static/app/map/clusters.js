// The clusters as the page names and colours them, in the order in which their tracks lie on the map.

export function readClusters() {
  return [...document.querySelectorAll("[data-map-cluster]")].map((link) => ({
    number: Number(link.dataset.mapCluster),
    size: Number(link.dataset.size),
    name: link.querySelector("bdi").textContent,
    tone: [...link.classList].filter((name) => /^(tone|shade)-/.test(name)).join(" "),
  }));
}

/** The colours that the stylesheet gives the clusters just now, each as red, green and blue. */
export function readTones(clusters, root) {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const probe = document.createElement("span");
  root.append(probe);
  const tones = clusters.map(({ tone }) => {
    probe.className = `dot ${tone}`;
    pen.fillStyle = getComputedStyle(probe).backgroundColor;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  });
  probe.remove();
  return tones;
}

// How values are written.

/** Minutes and seconds; hours where there are any. */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** A track's title with its artist, as sentences name it. */
export function nameOf(track) {
  return track.artist ? `${track.title} by ${track.artist}` : track.title;
}

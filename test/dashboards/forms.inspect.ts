/** What is wrong with the form that is open in the editor, in one sentence each. */
export interface Inspection {
  missing: string[];
  cut: string[];
  faint: string[];
  english: string[];
  /** Selects that show nothing, though they offer something. */
  empty: string[];
}

/** Names, units and code that stand as they are in every language. */
const sameInChinese =
  /msg\.\w+|twin-[a-z]+|\b(MQTT|HTTP|POST|JSON|CSV|Sparkplug|QoS|TLS|NATS|JetStream|InfluxDB|MiB|UTF-8|UTF-16 LE|Alpha|Theil-Sen|ml-random-forest|tls-config|MediTwin)\b/g;

/** Runs in the page of the editor, which must have a form open. Contrast as WCAG 2 has it: 4.5 for texts. */
export const inspectForm = `(() => {
  const tray = document.querySelector(".red-ui-tray");
  const form = [...tray.querySelectorAll("form")].find((one) => one.checkVisibility());
  const found = { missing: [], cut: [], faint: [], english: [], empty: [] };
  const short = (text) => JSON.stringify(text.trim().slice(0, 60));
  const own = (element) => [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join("").trim();
  const elements = [...form.querySelectorAll("*")].filter((element) => element.checkVisibility({ visibilityProperty: true }));

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
  const behind = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const layer = rgba(getComputedStyle(one).backgroundColor);
      layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (colour, element) => {
    const back = behind(element);
    const [a, b] = [light(over(rgba(colour), back)), light(back)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const checkContrast = (element, text, pseudo) => {
    if (element.disabled || element.closest(".disabled")) return;
    const ratio = contrast(getComputedStyle(element, pseudo).color, element);
    if (ratio < 4.5) found.faint.push(short(text) + " " + ratio.toFixed(1));
  };
  const checkText = (text, element) => {
    const key = /\\btwin-[a-z]+\\.[a-zA-Z]+\\.[\\w-]+/.exec(text);
    if (key) found.missing.push(key[0]);
    // What people gave a name to says so (translate="no"), as on the pages.
    if (element.translate && !/[\\u4e00-\\u9fff]/.test(text) && /[A-Za-z]{3}/.test(text.replace(${sameInChinese}, ""))) found.english.push(short(text));
  };
  const width = (text, element) => {
    const { fontStyle, fontWeight, fontSize, fontFamily } = getComputedStyle(element);
    canvas.font = [fontStyle, fontWeight, fontSize, fontFamily].join(" ");
    return canvas.measureText(text).width;
  };
  const room = (element) => {
    const { paddingLeft, paddingRight } = getComputedStyle(element);
    return element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
  };

  const wrapper = tray.querySelector(".red-ui-tray-body-wrapper");
  if (wrapper.scrollWidth > wrapper.clientWidth + 1) found.cut.push("the form: " + wrapper.scrollWidth + " > " + wrapper.clientWidth);
  const right = wrapper.getBoundingClientRect().right;
  for (const element of elements) {
    const text = element.matches("option, textarea, script, style") ? "" : own(element);
    if (text) {
      checkText(text, element);
      checkContrast(element, text);
      const range = document.createRange();
      range.selectNodeContents(element);
      const box = range.getBoundingClientRect();
      const isShortened = getComputedStyle(element).textOverflow === "ellipsis";
      if (!isShortened && (box.right > right || (element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1)))
        found.cut.push(short(text));
      for (const field of element.closest(".form-row")?.querySelectorAll("input, select, textarea") ?? []) {
        if (element.contains(field) || !field.checkVisibility()) continue;
        const other = field.getBoundingClientRect();
        const across = Math.min(box.right, other.right) - Math.max(box.left, other.left);
        const down = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
        if (across > 1 && down > 1) found.cut.push(short(text) + " lies over its field");
      }
    }
    if (element.matches("select")) {
      if (element.options.length > 0 && element.selectedIndex < 0) found.empty.push(element.id);
      checkContrast(element, element.id);
      for (const option of element.options) {
        // Other nodes go by the names that people gave them.
        if (!RED.nodes.node(option.value)) checkText(option.text, element);
        // The arrow takes its part.
        if (width(option.text, element) > room(element) - 16) found.cut.push(element.id + ": " + short(option.text));
      }
    }
    if (element.matches("input:not([type=checkbox]):not([type=file]), textarea")) {
      const { placeholder, title } = element;
      checkContrast(element, element.id);
      for (const one of [placeholder, title]) if (/\\btwin-[a-z]+\\.[a-zA-Z]+\\.[\\w-]+/.test(one)) found.missing.push(one);
      if (placeholder) checkContrast(element, placeholder, "::placeholder");
      if (placeholder && element.matches("input") && width(placeholder, element) > room(element) + 1) found.cut.push(element.id + ": " + short(placeholder));
    }
  }
  return found;
})()`;

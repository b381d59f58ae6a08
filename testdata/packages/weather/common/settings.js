const defaults = { unit: "celsius" };

export function readSettings() {
  try {
    return { ...defaults, ...JSON.parse(localStorage.getItem("settings")) };
  } catch {
    return { ...defaults };
  }
}

export function writeSettings(settings) {
  localStorage.setItem("settings", JSON.stringify(settings));
}

import { readSettings } from "./common/settings.js";

export default {
  settings: null,

  onLaunch() {
    this.settings = readSettings();
  },
};

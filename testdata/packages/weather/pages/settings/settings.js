import { readSettings, writeSettings } from "../../common/settings.js";

export default {
  data: readSettings(),

  choose({ target }) {
    writeSettings({ ...readSettings(), unit: target.value });
  },
};

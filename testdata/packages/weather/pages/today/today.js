import { forecast } from "../../common/forecast.js";
import { readSettings } from "../../common/settings.js";

export default {
  data: { temperature: "–", sky: "", days: [] },

  onShow() {
    navigator.geolocation.getCurrentPosition(({ coords }) => this.show(coords));
  },

  async show({ latitude, longitude }) {
    const { now, days } = await forecast(latitude, longitude, readSettings().unit);
    Object.assign(this.data, { temperature: Math.round(now.temperature), sky: now.sky, days });
  },
};

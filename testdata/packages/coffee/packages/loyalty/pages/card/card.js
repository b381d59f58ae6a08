Page({
  data: { stars: 0 },

  onShow() {
    this.setData({ stars: ft.getStorageSync("stars") || 0 });
  },
});

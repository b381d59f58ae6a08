const { price, total } = require("../../utils/prices");

Page({
  data: { order: [], total: "" },

  onShow() {
    const { order } = getApp().globalData;
    this.setData({ order, total: price(total(order)) });
  },
});

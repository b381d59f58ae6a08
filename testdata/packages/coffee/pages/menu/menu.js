const { price } = require("../../utils/prices");

Page({
  data: { drinks: [] },

  onLoad() {
    ft.getLocation({ success: (place) => this.load(place) });
  },

  load({ latitude, longitude }) {
    ft.request({
      url: "https://menu.coffee.example/v1/drinks",
      data: { latitude, longitude },
      success: ({ data }) => this.setData({
        drinks: data.map((drink) => ({ ...drink, price: price(drink.cents) })),
      }),
    });
  },

  add({ currentTarget }) {
    getApp().globalData.order.push(this.data.drinks[currentTarget.dataset.index]);
  },
});

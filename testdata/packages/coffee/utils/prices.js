const format = new Intl.NumberFormat("en", { style: "currency", currency: "EUR" });

module.exports = {
  price: (cents) => format.format(cents / 100),
  total: (order) => order.reduce((sum, { cents }) => sum + cents, 0),
};

App({
  globalData: { order: [] },
});

package process

const LowestFree = lowestFree

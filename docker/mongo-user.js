// Run once, on an empty volume: the account that Earwise uses, which may read and write its own database only.
db.getSiblingDB(process.env.EARWISE_MONGO_DATABASE).createUser({
  user: "earwise",
  pwd: process.env.MONGO_PASSWORD,
  roles: [{ role: "readWrite", db: process.env.EARWISE_MONGO_DATABASE }],
});

// Run by the health check: starts the replica set when it is new, and says whether it takes writes.
const admin = new Mongo("mongodb://127.0.0.1:27017/?directConnection=true").getDB("admin");
admin.auth(process.env.MONGO_INITDB_ROOT_USERNAME, process.env.MONGO_INITDB_ROOT_PASSWORD);
if (!admin.hello().setName) {
  admin.runCommand({ replSetInitiate: { _id: "earwise", members: [{ _id: 0, host: "mongo:27017" }] } });
}
quit(admin.hello().isWritablePrimary && admin.hello().setName ? 0 : 1);

/** The actors of the crash harness as a Worker. */
import { setup } from "byward";
import { birth, ledger } from "../crash/actors.ts";

const { handler, Actor } = setup({ use: { ledger, birth } }).worker();

export const BywardActor = Actor;
export default handler;

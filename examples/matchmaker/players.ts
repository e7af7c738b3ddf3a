/** Who plays: somebody with a token signed with the secret in AUTH_JWT_SECRET. */
import { bearer, party } from "byward";

export const Player = party("Player", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
